// The calls of a client, on the callback API: each object is one call, or one stream, that is under way.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "program.h"
#include "tally.h"
#include "vyra/bench/v1/bench.grpc.pb.h"

using Stub = vyra::bench::v1::BenchService::Stub;

inline void MustBeOk(const grpc::Status& status) {
  if (!status.ok()) Fail(status.error_message());
}

inline void CheckSize(const std::string& payload, const Job& job) {
  if (payload.size() != job.payload_bytes) {
    Fail("expected " + std::to_string(job.payload_bytes) + " bytes, got " + std::to_string(payload.size()));
  }
}

// A unary call, which can be made again when it has been answered.
class Echo {
 public:
  Echo(Stub* stub, const Job& job) : stub_(stub), job_(job) {
    request_.set_payload(std::string(job.payload_bytes, 'a'));
  }

  void Start(std::function<void()> on_answer) {
    context_.emplace();
    if (job_.with_extras) {
      static std::atomic<uint64_t> calls;
      context_->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
      context_->AddMetadata(kRequestHeader, std::to_string(calls++));
    }
    on_answer_ = std::move(on_answer);
    stub_->async()->Echo(&*context_, &request_, &response_, [this](grpc::Status status) {
      MustBeOk(status);
      CheckSize(response_.payload(), job_);
      const bool has_answer = !job_.with_extras || context_->GetServerInitialMetadata().count(kAnswerHeader) > 0;
      if (!has_answer) Fail("no header came back");
      const auto on_answer = std::move(on_answer_);
      on_answer();
    });
  }

 private:
  Stub* const stub_;
  const Job& job_;
  std::optional<grpc::ClientContext> context_;
  vyra::bench::v1::EchoRequest request_;
  vyra::bench::v1::EchoResponse response_;
  std::function<void()> on_answer_;
};

enum class Next { kSend, kHold, kEnd };

// A stream with one message under way in either direction. `on_answer` says what to do after each answer.
class PingPong : public grpc::ClientBidiReactor<vyra::bench::v1::PingPongRequest, vyra::bench::v1::PingPongResponse> {
 public:
  PingPong(Stub* stub, const Job& job, std::function<Next()> on_answer, std::function<void()> on_end)
      : job_(job), on_answer_(std::move(on_answer)), on_end_(std::move(on_end)) {
    request_.set_payload(std::string(job.payload_bytes, 'a'));
    stub->async()->PingPong(&context_, this);
    Send();
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) Fail("the stream has ended");
    Continue();
  }

  void OnReadDone(bool ok) override {
    if (is_ending_) return;
    if (!ok) Fail("the stream has ended");
    CheckSize(response_.payload(), job_);
    Continue();
  }

  void OnDone(const grpc::Status& status) override {
    MustBeOk(status);
    on_end_();
  }

 private:
  void Send() {
    pending_ = 2;
    StartRead(&response_);
    StartWrite(&request_);
  }

  // The answer may arrive before the write is reported as done. The next one may start only after both.
  void Continue() {
    if (--pending_ > 0) return;
    switch (on_answer_()) {
      case Next::kSend:
        return Send();
      case Next::kHold:
        return StartRead(&response_);
      case Next::kEnd:
        is_ending_ = true;
        StartWritesDone();
        return StartRead(&response_);
    }
  }

  const Job& job_;
  grpc::ClientContext context_;
  vyra::bench::v1::PingPongRequest request_;
  vyra::bench::v1::PingPongResponse response_;
  std::function<Next()> on_answer_;
  std::function<void()> on_end_;
  std::atomic<int> pending_ = 0;
  std::atomic<bool> is_ending_ = false;
};

// Reads a stream of messages until `on_message` returns false.
class Download : public grpc::ClientReadReactor<vyra::bench::v1::DownloadResponse> {
 public:
  Download(Stub* stub, const Job& job, std::function<bool()> on_message, std::function<void()> on_end)
      : job_(job), on_message_(std::move(on_message)), on_end_(std::move(on_end)) {
    request_.set_payload_bytes(static_cast<uint32_t>(job.payload_bytes));
    stub->async()->Download(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) Fail("the stream has ended");
    CheckSize(response_.payload(), job_);
    if (on_message_()) {
      StartRead(&response_);
    } else {
      context_.TryCancel();
    }
  }

  void OnDone(const grpc::Status&) override { on_end_(); }

 private:
  const Job& job_;
  grpc::ClientContext context_;
  vyra::bench::v1::DownloadRequest request_;
  vyra::bench::v1::DownloadResponse response_;
  std::function<bool()> on_message_;
  std::function<void()> on_end_;
};

// Writes a stream of messages while `has_more` returns true, and calls back with the number that the server counted.
class Upload : public grpc::ClientWriteReactor<vyra::bench::v1::UploadRequest> {
 public:
  Upload(Stub* stub, const Job& job, std::function<bool()> has_more, std::function<void(uint64_t)> on_end)
      : has_more_(std::move(has_more)), on_end_(std::move(on_end)) {
    request_.set_payload(std::string(job.payload_bytes, 'a'));
    stub->async()->Upload(&context_, &response_, this);
    Continue();
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) Fail("the stream has ended");
    Continue();
  }

  void OnDone(const grpc::Status& status) override {
    MustBeOk(status);
    on_end_(response_.count());
  }

 private:
  void Continue() {
    if (has_more_()) {
      StartWrite(&request_);
    } else {
      StartWritesDone();
    }
  }

  grpc::ClientContext context_;
  vyra::bench::v1::UploadRequest request_;
  vyra::bench::v1::UploadResponse response_;
  std::function<bool()> has_more_;
  std::function<void(uint64_t)> on_end_;
};
