#include <grpcpp/grpcpp.h>

#include <iostream>
#include <memory>

#include "program.h"
#include "vyra/bench/v1/bench.grpc.pb.h"

using namespace vyra::bench::v1;
using grpc::CallbackServerContext;
using grpc::Status;

namespace {

class PingPonger : public grpc::ServerBidiReactor<PingPongRequest, PingPongResponse> {
 public:
  PingPonger() { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(Status::OK);
    response_.set_payload(request_.payload());
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(Status::CANCELLED);
    StartRead(&request_);
  }

  void OnDone() override { delete this; }

 private:
  PingPongRequest request_;
  PingPongResponse response_;
};

class Downloader : public grpc::ServerWriteReactor<DownloadResponse> {
 public:
  explicit Downloader(size_t payload_bytes) {
    response_.set_payload(std::string(payload_bytes, '\0'));
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(Status::CANCELLED);
    StartWrite(&response_);
  }

  void OnDone() override { delete this; }

 private:
  DownloadResponse response_;
};

class Uploader : public grpc::ServerReadReactor<UploadRequest> {
 public:
  explicit Uploader(UploadResponse* response) : response_(response) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      response_->set_count(count_);
      return Finish(Status::OK);
    }
    count_++;
    StartRead(&request_);
  }

  void OnDone() override { delete this; }

 private:
  UploadResponse* response_;
  UploadRequest request_;
  uint64_t count_ = 0;
};

class Service : public BenchService::CallbackService {
 public:
  explicit Service(bool with_extras) : with_extras_(with_extras) {}

  grpc::ServerUnaryReactor* Echo(CallbackServerContext* context, const EchoRequest* request,
                                 EchoResponse* response) override {
    context->deadline();
    if (with_extras_) {
      const auto& header = context->client_metadata().find(kRequestHeader)->second;
      context->AddInitialMetadata(kAnswerHeader, {header.data(), header.size()});
    }
    response->set_payload(request->payload());
    auto* reactor = context->DefaultReactor();
    reactor->Finish(Status::OK);
    return reactor;
  }

  grpc::ServerBidiReactor<PingPongRequest, PingPongResponse>* PingPong(CallbackServerContext*) override {
    return new PingPonger();
  }

  grpc::ServerWriteReactor<DownloadResponse>* Download(CallbackServerContext*,
                                                       const DownloadRequest* request) override {
    return new Downloader(request->payload_bytes());
  }

  grpc::ServerReadReactor<UploadRequest>* Upload(CallbackServerContext*, UploadResponse* response) override {
    return new Uploader(response);
  }

 private:
  const bool with_extras_;
};

}  // namespace

void Serve(const std::string& address, const Job& job) {
  Service service(job.with_extras);
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.SetMaxSendMessageSize(-1);
  builder.AddListeningPort("unix:" + address, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) Fail("cannot listen at " + address);
  Say("ready");
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "usage") Say(UsageNow());
  }
  std::_Exit(0);  // calls that are still open need no orderly end
}
