// server <address>: the test services on gRPC's synchronous C++ server. Prints "ready" when it accepts calls, and ends
// on SIGTERM.

#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>

#include "common.h"
#include "grpc/testing/test.grpc.pb.h"
#include "grpc/testing/vyra/probe.grpc.pb.h"

using grpc::ServerContext;
using grpc::ServerReader;
using grpc::ServerReaderWriter;
using grpc::ServerWriter;
using grpc::Status;
using namespace grpc::testing;
using namespace grpc::testing::vyra;

// What gRPC's own interop server uses to see whether a message came compressed; exported, but in no installed header.
uint32_t grpc_call_test_only_get_message_flags(grpc_call* call);
constexpr uint32_t kWasCompressed = 0x80000000u | 0x40000000u;

namespace {

Status CheckCompressed(ServerContext* context, bool is_expected) {
  bool was_compressed = grpc_call_test_only_get_message_flags(context->c_call()) & kWasCompressed;
  if (was_compressed == is_expected) return Status::OK;
  return Status(grpc::INVALID_ARGUMENT,
                is_expected ? "expected a compressed message" : "expected an uncompressed message");
}

Status AskedFor(const EchoStatus& status) {
  return Status(static_cast<grpc::StatusCode>(status.code()), status.message());
}

void EchoTestMetadata(ServerContext* context) {
  for (const auto& [key, value] : context->client_metadata()) {
    if (key == kInitialKey) context->AddInitialMetadata(kInitialKey, {value.data(), value.size()});
    if (key == kTrailingKey) context->AddTrailingMetadata(kTrailingKey, {value.data(), value.size()});
  }
}

template <class Stream>
void WriteOutputs(const StreamingOutputCallRequest& request, Stream* stream) {
  for (const auto& wanted : request.response_parameters()) {
    StreamingOutputCallResponse response;
    SetPayload(response.mutable_payload(), wanted.size());
    grpc::WriteOptions options;
    if (wanted.has_compressed() && !wanted.compressed().value()) options.set_no_compression();
    stream->Write(response, options);
  }
}

class Test final : public TestService::Service {
  Status EmptyCall(ServerContext*, const Empty*, Empty*) override { return Status::OK; }

  Status UnaryCall(ServerContext* context, const SimpleRequest* request, SimpleResponse* response) override {
    EchoTestMetadata(context);
    if (request->response_status().code() != 0) return AskedFor(request->response_status());
    if (request->has_expect_compressed()) {
      Status status = CheckCompressed(context, request->expect_compressed().value());
      if (!status.ok()) return status;
    }
    if (request->response_compressed().value()) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    SetPayload(response->mutable_payload(), request->response_size());
    return Status::OK;
  }

  Status StreamingOutputCall(ServerContext* context, const StreamingOutputCallRequest* request,
                             ServerWriter<StreamingOutputCallResponse>* writer) override {
    for (const auto& wanted : request->response_parameters()) {
      if (wanted.compressed().value()) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    }
    WriteOutputs(*request, writer);
    return Status::OK;
  }

  Status StreamingInputCall(ServerContext* context, ServerReader<StreamingInputCallRequest>* reader,
                            StreamingInputCallResponse* response) override {
    StreamingInputCallRequest request;
    int size = 0;
    while (reader->Read(&request)) {
      if (request.has_expect_compressed()) {
        Status status = CheckCompressed(context, request.expect_compressed().value());
        if (!status.ok()) return status;
      }
      size += request.payload().body().size();
    }
    response->set_aggregated_payload_size(size);
    return Status::OK;
  }

  Status FullDuplexCall(ServerContext* context,
                        ServerReaderWriter<StreamingOutputCallResponse, StreamingOutputCallRequest>* stream) override {
    EchoTestMetadata(context);
    StreamingOutputCallRequest request;
    while (stream->Read(&request)) {
      if (request.response_status().code() != 0) return AskedFor(request.response_status());
      WriteOutputs(request, stream);
    }
    return Status::OK;
  }
};

void Echo(ServerContext* context) {
  for (const auto& [key_ref, value] : context->client_metadata()) {
    std::string key(key_ref.data(), key_ref.size());
    if (HasPrefix(key, "x-head-")) context->AddInitialMetadata(key, {value.data(), value.size()});
    if (HasPrefix(key, "x-tail-")) context->AddTrailingMetadata(key, {value.data(), value.size()});
  }
}

Observation Observe(const ServerContext* context) {
  Observation observation;
  for (const auto& [key_ref, value] : context->client_metadata()) {
    std::string key(key_ref.data(), key_ref.size());
    if (!HasPrefix(key, "x-")) continue;
    auto* metadatum = observation.add_metadata();
    metadatum->set_key(key);
    metadatum->set_value(value.data(), value.size());
  }
  if (context->deadline() != std::chrono::system_clock::time_point::max()) {
    auto left = context->deadline() - std::chrono::system_clock::now();
    observation.set_timeout_ms(std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
  }
  return observation;
}

Status Failure(const FailRequest& request) {
  RpcStatus status;
  status.set_code(request.code());
  status.set_message(request.message());
  if (request.has_detail()) {
    auto* detail = status.add_details();
    detail->set_type_url(kDetailType);
    detail->set_value(request.detail().SerializeAsString());
  }
  return Status(static_cast<grpc::StatusCode>(request.code()), request.message(), status.SerializeAsString());
}

class Probe final : public ProbeService::Service {
  Status Observe(ServerContext* context, const ObserveRequest*, Observation* response) override {
    Echo(context);
    *response = ::Observe(context);
    return Status::OK;
  }

  Status ObserveStream(ServerContext* context, ServerReaderWriter<Observation, ObserveRequest>* stream) override {
    Echo(context);
    ObserveRequest request;
    while (stream->Read(&request)) stream->Write(::Observe(context));
    return Status::OK;
  }

  Status Fail(ServerContext* context, const FailRequest* request, Observation*) override {
    Echo(context);
    return Failure(*request);
  }

  Status FailStream(ServerContext* context, const FailRequest* request, ServerWriter<Observation>* writer) override {
    Echo(context);
    for (int i = 0; i < request->after(); ++i) writer->Write(Observation());
    return Failure(*request);
  }

  Status Hang(ServerContext* context, const HangRequest* request, Observation*) override {
    return WaitForEnd(context, request->key());
  }

  Status HangStream(ServerContext* context, ServerReaderWriter<Observation, HangRequest>* stream) override {
    HangRequest request;
    stream->Read(&request);
    stream->Write(Observation());
    return WaitForEnd(context, request.key());
  }

  Status Ended(ServerContext*, const EndedRequest* request, EndedResponse* response) override {
    std::unique_lock lock(mutex_);
    response->set_ended(
        changed_.wait_for(lock, std::chrono::seconds(2), [&] { return ended_.count(request->key()) > 0; }));
    return Status::OK;
  }

  Status WaitForEnd(ServerContext* context, const std::string& key) {
    while (!context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::lock_guard lock(mutex_);
    ended_.insert(key);
    changed_.notify_all();
    return Status::CANCELLED;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> ended_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: server <address>" << std::endl;
    return 2;
  }
  sigset_t terminate;
  sigemptyset(&terminate);
  sigaddset(&terminate, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &terminate, nullptr);

  Test test;
  Probe probe;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(argv[1], grpc::InsecureServerCredentials());
  builder.RegisterService(&test);
  builder.RegisterService(&probe);
  auto server = builder.BuildAndStart();
  if (!server) return 1;
  std::cout << "ready" << std::endl;
  int received;
  sigwait(&terminate, &received);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
}
