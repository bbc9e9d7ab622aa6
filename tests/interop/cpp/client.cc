// client <address> <case>...: the cases, by gRPC's synchronous C++ API.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common.h"
#include "grpc/testing/test.grpc.pb.h"
#include "grpc/testing/vyra/probe.grpc.pb.h"

using grpc::ClientContext;
using grpc::Status;
using grpc::StatusCode;
using namespace grpc::testing;
using namespace grpc::testing::vyra;

namespace {

using Clock = std::chrono::system_clock;
using Milliseconds = std::chrono::milliseconds;
using Metadata = std::vector<std::pair<std::string, std::string>>;

constexpr int kFourMb = 4'000'000;
const std::vector<int> kRequestSizes = {27182, 8, 1828, 45904};
const std::vector<int> kResponseSizes = {31415, 9, 2653, 58979};
const char kSpecialMessage[] = u8"\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n";
const char kFailMessage[] = u8"not yet: \u263a";

std::string AllBytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

// Repeated keys, bytes, an empty value.
const Metadata kSent = {
    {"x-head-text", "one"},
    {"x-head-text", "two"},
    {"x-head-comma", "a, b"},
    {"x-head-empty", ""},
    {"x-head-bytes-bin", AllBytes()},
    {"x-head-bytes-bin", std::string("\0\xff", 2)},
    {"x-tail-text", "three"},
    {"x-tail-text", "four"},
    {"x-tail-bytes-bin", std::string("\0", 1)},
    {"x-tail-bytes-bin", "\x01\x02"},
};

struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void Expect(bool condition, const std::string& reason) {
  if (!condition) throw Failed(reason);
}

template <class T>
void ExpectEqual(const T& actual, const T& wanted, const std::string& what) {
  Expect(actual == wanted, what + " differs");
}

void ExpectStatus(const Status& status, StatusCode code) {
  const std::string got = std::to_string(status.error_code()) + " (" + status.error_message() + ")";
  Expect(status.error_code() == code, "got status " + got + ", want " + std::to_string(code));
}

void ExpectStatus(const Status& status, StatusCode code, const std::string& message) {
  ExpectStatus(status, code);
  Expect(status.error_message() == message,
         "got status message '" + status.error_message() + "', want '" + message + "'");
}

void ExpectOk(const Status& status) { ExpectStatus(status, StatusCode::OK); }

// A key's values; those of a text key joined, as every hop may join them (with or without a space).
std::vector<std::string> ValuesOf(const Metadata& metadata, const std::string& key) {
  std::vector<std::string> values;
  for (const auto& [k, value] : metadata) {
    if (k == key) values.push_back(value);
  }
  if (key.size() > 4 && key.compare(key.size() - 4, 4, "-bin") == 0) return values;
  std::string joined;
  for (size_t i = 0; i < values.size(); ++i) joined += (i == 0 ? "" : ",") + values[i];
  for (size_t at; (at = joined.find(", ")) != std::string::npos;) joined.erase(at + 1, 1);
  return {joined};
}

void ExpectMetadata(const Metadata& seen, const std::string& prefix, const std::string& where) {
  for (const auto& [key, _] : kSent) {
    if (HasPrefix(key, prefix)) ExpectEqual(ValuesOf(seen, key), ValuesOf(kSent, key), key + " in " + where);
  }
}

Metadata PairsOf(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  Metadata pairs;
  for (const auto& [key, value] : metadata) {
    pairs.emplace_back(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  return pairs;
}

void ExpectEcho(const ClientContext& context) {
  ExpectMetadata(PairsOf(context.GetServerInitialMetadata()), "x-head-", "headers");
  ExpectMetadata(PairsOf(context.GetServerTrailingMetadata()), "x-tail-", "trailers");
}

void ExpectObserved(const Observation& observation) {
  Metadata pairs;
  for (const auto& metadatum : observation.metadata()) pairs.emplace_back(metadatum.key(), metadatum.value());
  ExpectMetadata(pairs, "x-", "what the server saw");
}

// A call's context, with the usual deadline.
struct Context : ClientContext {
  explicit Context(int timeout_ms = 5000) { set_deadline(Clock::now() + Milliseconds(timeout_ms)); }
  void Add(const Metadata& metadata) {
    for (const auto& [key, value] : metadata) AddMetadata(key, value);
  }
};

SimpleRequest LargeRequest() {
  SimpleRequest request;
  request.set_response_size(314159);
  SetPayload(request.mutable_payload(), 271828);
  return request;
}

StreamingOutputCallRequest Ping(int request_size, int response_size) {
  StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(response_size);
  SetPayload(request.mutable_payload(), request_size);
  return request;
}

StreamingOutputCallRequest Refusal() {
  StreamingOutputCallRequest request;
  request.mutable_response_status()->set_code(StatusCode::ABORTED);
  request.mutable_response_status()->set_message("enough");
  return request;
}

FailRequest FailureRequest(int after = 0) {
  FailRequest request;
  request.set_code(StatusCode::FAILED_PRECONDITION);
  request.set_message(kFailMessage);
  request.mutable_detail()->set_reason("NOT_READY");
  request.mutable_detail()->set_domain("vyra.ipc");
  (*request.mutable_detail()->mutable_metadata())["module"] = "camera";
  request.set_after(after);
  return request;
}

void ExpectDetail(const Status& status) {
  ExpectStatus(status, StatusCode::FAILED_PRECONDITION, kFailMessage);
  RpcStatus details;
  Expect(details.ParseFromString(status.error_details()), "the error details are no google.rpc.Status");
  ExpectEqual(details.details_size(), 1, "number of details");
  ErrorReason reason;
  Expect(details.details(0).type_url() == kDetailType && reason.ParseFromString(details.details(0).value()),
         "the detail is no ErrorReason");
  auto wanted = FailureRequest().detail();
  Expect(reason.reason() == wanted.reason() && reason.domain() == wanted.domain() &&
             reason.metadata().at("module") == wanted.metadata().at("module"),
         "the detail differs");
}

template <class Stream>
std::vector<int> SizesOf(Stream& stream) {
  std::vector<int> sizes;
  StreamingOutputCallResponse response;
  while (stream.Read(&response)) sizes.push_back(response.payload().body().size());
  return sizes;
}

// Has the runner do something to the server ("stop", "start") and waits until it is done.
void Ask(const std::string& what) {
  std::cout << "ASK " << what << std::endl;
  std::string answer;
  std::getline(std::cin, answer);
}

std::string NewKey() { return std::to_string(Clock::now().time_since_epoch().count()); }

class Client {
 public:
  explicit Client(const std::string& address) {
    auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
    test_ = TestService::NewStub(channel);
    probe_ = ProbeService::NewStub(channel);
    unimplemented_ = UnimplementedService::NewStub(channel);
  }

  // gRPC's own cases

  void EmptyUnary() { ExpectOk(Nothing()); }

  void LargeUnary() {
    Context context;
    ExpectResponse(context, LargeRequest());
  }

  void ClientStreaming() {
    Context context;
    StreamingInputCallResponse response;
    auto writer = test_->StreamingInputCall(&context, &response);
    for (int size : kRequestSizes) {
      StreamingInputCallRequest request;
      SetPayload(request.mutable_payload(), size);
      Expect(writer->Write(request), "the server does not read");
    }
    writer->WritesDone();
    ExpectOk(writer->Finish());
    ExpectEqual(response.aggregated_payload_size(), 74922, "size");
  }

  void ServerStreaming() {
    Context context;
    StreamingOutputCallRequest request;
    for (int size : kResponseSizes) request.add_response_parameters()->set_size(size);
    auto reader = test_->StreamingOutputCall(&context, request);
    ExpectEqual(SizesOf(*reader), kResponseSizes, "sizes");
    ExpectOk(reader->Finish());
  }

  void PingPong() {
    Context context;
    auto stream = test_->FullDuplexCall(&context);
    StreamingOutputCallResponse response;
    for (size_t i = 0; i < kRequestSizes.size(); ++i) {
      Expect(stream->Write(Ping(kRequestSizes[i], kResponseSizes[i])), "the server does not read");
      Expect(stream->Read(&response), "no response");
      ExpectEqual<int>(response.payload().body().size(), kResponseSizes[i], "size");
    }
    stream->WritesDone();
    Expect(!stream->Read(&response), "a response after half-close");
    ExpectOk(stream->Finish());
  }

  void EmptyStream() {
    Context context;
    auto stream = test_->FullDuplexCall(&context);
    stream->WritesDone();
    ExpectEqual(SizesOf(*stream), {}, "sizes");
    ExpectOk(stream->Finish());
  }

  void ClientCompressedUnary() {
    Context context;
    auto request = LargeRequest();
    request.mutable_expect_compressed()->set_value(true);
    SimpleResponse response;
    ExpectStatus(test_->UnaryCall(&context, request, &response), StatusCode::INVALID_ARGUMENT);
    ClientCompressedUnaryNoProbe();
  }

  void ClientCompressedUnaryNoProbe() {
    for (bool is_compressed : {true, false}) {
      Context context;
      if (is_compressed) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
      auto request = LargeRequest();
      request.mutable_expect_compressed()->set_value(is_compressed);
      ExpectResponse(context, request);
    }
  }

  void ClientCompressedStreaming() {
    Context context;
    StreamingInputCallResponse response;
    auto writer = test_->StreamingInputCall(&context, &response);
    writer->Write(CompressedInput(27182, true));
    writer->WritesDone();
    ExpectStatus(writer->Finish(), StatusCode::INVALID_ARGUMENT);
    ClientCompressedStreamingNoProbe();
  }

  void ClientCompressedStreamingNoProbe() {
    Context context;
    context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    StreamingInputCallResponse response;
    auto writer = test_->StreamingInputCall(&context, &response);
    Expect(writer->Write(CompressedInput(27182, true)), "the server does not read");
    Expect(writer->Write(CompressedInput(45904, false), grpc::WriteOptions().set_no_compression()),
           "the server does not read");
    writer->WritesDone();
    ExpectOk(writer->Finish());
    ExpectEqual(response.aggregated_payload_size(), 73086, "size");
  }

  void ServerCompressedUnary() {
    for (bool is_compressed : {true, false}) {
      Context context;
      auto request = LargeRequest();
      request.mutable_response_compressed()->set_value(is_compressed);
      ExpectResponse(context, request);
    }
  }

  void ServerCompressedStreaming() {
    Context context;
    StreamingOutputCallRequest request;
    for (auto [size, is_compressed] : {std::pair(31415, true), {92653, false}}) {
      auto* wanted = request.add_response_parameters();
      wanted->set_size(size);
      wanted->mutable_compressed()->set_value(is_compressed);
    }
    auto reader = test_->StreamingOutputCall(&context, request);
    ExpectEqual(SizesOf(*reader), {31415, 92653}, "sizes");
    ExpectOk(reader->Finish());
  }

  void CustomMetadata() {
    const Metadata sent = {{kInitialKey, "test_initial_metadata_value"}, {kTrailingKey, "\x0a\x0b\x0a\x0b\x0a\x0b"}};
    auto expect_echo = [&](const ClientContext& context) {
      ExpectEqual(ValuesOf(PairsOf(context.GetServerInitialMetadata()), kInitialKey), {sent[0].second}, "header");
      ExpectEqual(ValuesOf(PairsOf(context.GetServerTrailingMetadata()), kTrailingKey), {sent[1].second}, "trailer");
    };
    Context unary;
    unary.Add(sent);
    SimpleRequest request;
    request.set_response_size(1);
    SetPayload(request.mutable_payload(), 1);
    SimpleResponse response;
    ExpectOk(test_->UnaryCall(&unary, request, &response));
    expect_echo(unary);

    Context duplex;
    duplex.Add(sent);
    auto stream = test_->FullDuplexCall(&duplex);
    stream->Write(Ping(1, 1));
    stream->WritesDone();
    ExpectEqual(SizesOf(*stream), {1}, "sizes");
    ExpectOk(stream->Finish());
    expect_echo(duplex);
  }

  void StatusCodeAndMessage() {
    Context unary;
    SimpleRequest request;
    request.mutable_response_status()->set_code(StatusCode::UNKNOWN);
    request.mutable_response_status()->set_message("test status message");
    SimpleResponse response;
    ExpectStatus(test_->UnaryCall(&unary, request, &response), StatusCode::UNKNOWN, "test status message");

    Context duplex;
    auto stream = test_->FullDuplexCall(&duplex);
    StreamingOutputCallRequest output_request;
    *output_request.mutable_response_status() = request.response_status();
    stream->Write(output_request);
    stream->WritesDone();
    SizesOf(*stream);
    ExpectStatus(stream->Finish(), StatusCode::UNKNOWN, "test status message");
  }

  void SpecialStatusMessage() {
    Context context;
    SimpleRequest request;
    request.mutable_response_status()->set_code(StatusCode::UNKNOWN);
    request.mutable_response_status()->set_message(kSpecialMessage);
    SimpleResponse response;
    ExpectStatus(test_->UnaryCall(&context, request, &response), StatusCode::UNKNOWN, kSpecialMessage);
  }

  void UnimplementedMethod() {
    Context context;
    Empty response;
    ExpectStatus(test_->UnimplementedCall(&context, Empty(), &response), StatusCode::UNIMPLEMENTED);
  }

  void UnimplementedServiceCall() {
    Context context;
    Empty response;
    ExpectStatus(unimplemented_->UnimplementedCall(&context, Empty(), &response), StatusCode::UNIMPLEMENTED);
  }

  void CancelAfterBegin() {
    Context context;
    StreamingInputCallResponse response;
    auto writer = test_->StreamingInputCall(&context, &response);
    context.TryCancel();
    ExpectStatus(writer->Finish(), StatusCode::CANCELLED);
  }

  void CancelAfterFirstResponse() {
    Context context;
    auto stream = test_->FullDuplexCall(&context);
    stream->Write(Ping(27182, 31415));
    StreamingOutputCallResponse response;
    Expect(stream->Read(&response), "no response");
    context.TryCancel();
    ExpectStatus(stream->Finish(), StatusCode::CANCELLED);
  }

  void TimeoutOnSleepingServer() {
    Context context(1);
    auto stream = test_->FullDuplexCall(&context);
    StreamingOutputCallRequest request;
    SetPayload(request.mutable_payload(), 27182);
    stream->Write(request);
    ExpectStatus(stream->Finish(), StatusCode::DEADLINE_EXCEEDED);
  }

  // ours

  void FourMbUnary() {
    Context context(10'000);
    SimpleRequest request;
    request.set_response_size(kFourMb);
    SetPayload(request.mutable_payload(), kFourMb);
    ExpectResponse(context, request);
  }

  void FourMbStream() {
    Context context(20'000);
    auto stream = test_->FullDuplexCall(&context);
    std::thread writer([&] {
      for (int i = 0; i < 4; ++i) stream->Write(Ping(kFourMb, kFourMb));
      stream->WritesDone();
    });
    auto sizes = SizesOf(*stream);
    writer.join();
    ExpectOk(stream->Finish());
    ExpectEqual(sizes, std::vector<int>(4, kFourMb), "sizes");
  }

  void ConcurrentCalls() {
    struct Call {
      Context context;
      SimpleResponse response;
      Status status;
      std::unique_ptr<grpc::ClientAsyncResponseReader<SimpleResponse>> reader;
    };
    grpc::CompletionQueue queue;
    std::vector<Call> calls(200);
    for (size_t i = 0; i < calls.size(); ++i) {
      SimpleRequest request;
      request.set_response_size(10 * i);
      calls[i].reader = test_->AsyncUnaryCall(&calls[i].context, request, &queue);
      calls[i].reader->Finish(&calls[i].response, &calls[i].status, &calls[i]);
    }
    void* tag;
    bool ok;
    for (size_t i = 0; i < calls.size(); ++i) queue.Next(&tag, &ok);
    for (size_t i = 0; i < calls.size(); ++i) {
      ExpectOk(calls[i].status);
      ExpectEqual(calls[i].response.payload().body().size(), 10 * i, "size");
    }
  }

  void MetadataUnary() {
    Context context;
    context.Add(kSent);
    Observation observation;
    ExpectOk(probe_->Observe(&context, ObserveRequest(), &observation));
    ExpectObserved(observation);
    ExpectEcho(context);
  }

  void MetadataStream() {
    Context context;
    context.Add(kSent);
    auto stream = probe_->ObserveStream(&context);
    Observation observation;
    for (int i = 0; i < 2; ++i) {
      stream->Write(ObserveRequest());
      Expect(stream->Read(&observation), "no response");
      ExpectObserved(observation);
    }
    stream->WritesDone();
    Expect(!stream->Read(&observation), "a response after half-close");
    ExpectOk(stream->Finish());
    ExpectEcho(context);
  }

  void MetadataOnError() {
    Context context;
    context.Add(kSent);
    Observation observation;
    ExpectStatus(probe_->Fail(&context, FailureRequest(), &observation), StatusCode::FAILED_PRECONDITION);
    // A server may answer with trailers alone; then they hold everything.
    auto all = PairsOf(context.GetServerInitialMetadata());
    auto trailers = PairsOf(context.GetServerTrailingMetadata());
    all.insert(all.end(), trailers.begin(), trailers.end());
    ExpectMetadata(all, "x-head-", "headers");
    ExpectMetadata(trailers, "x-tail-", "trailers");
  }

  void ErrorDetails() {
    Context context;
    Observation observation;
    ExpectDetail(probe_->Fail(&context, FailureRequest(), &observation));
  }

  void ErrorDetailsStream() {
    Context context;
    auto reader = probe_->FailStream(&context, FailureRequest(3));
    Observation observation;
    for (int i = 0; i < 3; ++i) Expect(reader->Read(&observation), "the stream ended early");
    Expect(!reader->Read(&observation), "a fourth response");
    ExpectDetail(reader->Finish());
  }

  void StatusBeforeHalfClose() {
    Context context;
    auto stream = test_->FullDuplexCall(&context);
    stream->Write(Refusal());
    SizesOf(*stream);
    ExpectStatus(stream->Finish(), StatusCode::ABORTED, "enough");
  }

  void StatusDuringUpload() {
    Context context;
    auto stream = test_->FullDuplexCall(&context);
    stream->Write(Refusal());
    StreamingOutputCallRequest more;
    SetPayload(more.mutable_payload(), 1'000'000);
    for (int i = 0; i < 8 && stream->Write(more); ++i) continue;
    ExpectStatus(stream->Finish(), StatusCode::ABORTED, "enough");
  }

  void CancelSeenUnary() {
    HangRequest request;
    request.set_key(NewKey());
    Context context;
    std::thread canceller([&] {
      std::this_thread::sleep_for(Milliseconds(200));
      context.TryCancel();
    });
    Observation observation;
    Status status = probe_->Hang(&context, request, &observation);
    canceller.join();
    ExpectStatus(status, StatusCode::CANCELLED);
    ExpectEnded(request.key());
  }

  void CancelSeenStream() {
    HangRequest request;
    request.set_key(NewKey());
    Context context;
    auto stream = probe_->HangStream(&context);
    stream->Write(request);
    Observation observation;
    Expect(stream->Read(&observation), "no response");
    context.TryCancel();
    ExpectStatus(stream->Finish(), StatusCode::CANCELLED);
    ExpectEnded(request.key());
  }

  void DeadlineOfClient() {
    HangRequest request;
    request.set_key(NewKey());
    Context context(300);
    Observation observation;
    auto start = Clock::now();
    ExpectStatus(probe_->Hang(&context, request, &observation), StatusCode::DEADLINE_EXCEEDED);
    auto took = Clock::now() - start;
    Expect(took >= Milliseconds(250) && took <= Milliseconds(2000), "took too short or too long");
    ExpectEnded(request.key());
  }

  void DeadlineOnWire() {
    Context context;
    Observation observation;
    ExpectOk(probe_->Observe(&context, ObserveRequest(), &observation));
    Expect(observation.has_timeout_ms(), "the server saw no deadline");
    Expect(observation.timeout_ms() > 3000 && observation.timeout_ms() <= 5100,
           "the server saw " + std::to_string(observation.timeout_ms()) + " ms, want at most 5000");
  }

  void ServerGoneAndBack() {
    ExpectOk(Nothing());
    Ask("stop");
    ExpectStatus(Nothing(), StatusCode::UNAVAILABLE);
    Ask("start");
    for (auto give_up_at = Clock::now() + Milliseconds(10'000);; std::this_thread::sleep_for(Milliseconds(50))) {
      Status status = Nothing();
      if (status.ok()) return;
      ExpectStatus(status, StatusCode::UNAVAILABLE);
      Expect(Clock::now() < give_up_at, "no call succeeded within 10 s of the server's return");
    }
  }

 private:
  Status Nothing() {
    Context context;
    Empty response;
    return test_->EmptyCall(&context, Empty(), &response);
  }

  void ExpectResponse(ClientContext& context, const SimpleRequest& request) {
    SimpleResponse response;
    ExpectOk(test_->UnaryCall(&context, request, &response));
    ExpectEqual<int>(response.payload().body().size(), request.response_size(), "size");
  }

  void ExpectEnded(const std::string& key) {
    Context context;
    EndedRequest request;
    request.set_key(key);
    EndedResponse response;
    ExpectOk(probe_->Ended(&context, request, &response));
    Expect(response.ended(), "the handler did not see the end of the call");
  }

  static StreamingInputCallRequest CompressedInput(int size, bool is_compressed) {
    StreamingInputCallRequest request;
    SetPayload(request.mutable_payload(), size);
    request.mutable_expect_compressed()->set_value(is_compressed);
    return request;
  }

  std::unique_ptr<TestService::Stub> test_;
  std::unique_ptr<ProbeService::Stub> probe_;
  std::unique_ptr<UnimplementedService::Stub> unimplemented_;
};

const std::map<std::string, void (Client::*)()> kCases = {
    {"empty_unary", &Client::EmptyUnary},
    {"large_unary", &Client::LargeUnary},
    {"client_streaming", &Client::ClientStreaming},
    {"server_streaming", &Client::ServerStreaming},
    {"ping_pong", &Client::PingPong},
    {"empty_stream", &Client::EmptyStream},
    {"client_compressed_unary", &Client::ClientCompressedUnary},
    {"client_compressed_unary_noprobe", &Client::ClientCompressedUnaryNoProbe},
    {"client_compressed_streaming", &Client::ClientCompressedStreaming},
    {"client_compressed_streaming_noprobe", &Client::ClientCompressedStreamingNoProbe},
    {"server_compressed_unary", &Client::ServerCompressedUnary},
    {"server_compressed_streaming", &Client::ServerCompressedStreaming},
    {"custom_metadata", &Client::CustomMetadata},
    {"status_code_and_message", &Client::StatusCodeAndMessage},
    {"special_status_message", &Client::SpecialStatusMessage},
    {"unimplemented_method", &Client::UnimplementedMethod},
    {"unimplemented_service", &Client::UnimplementedServiceCall},
    {"cancel_after_begin", &Client::CancelAfterBegin},
    {"cancel_after_first_response", &Client::CancelAfterFirstResponse},
    {"timeout_on_sleeping_server", &Client::TimeoutOnSleepingServer},
    {"four_mb_unary", &Client::FourMbUnary},
    {"four_mb_stream", &Client::FourMbStream},
    {"concurrent_calls", &Client::ConcurrentCalls},
    {"metadata_unary", &Client::MetadataUnary},
    {"metadata_stream", &Client::MetadataStream},
    {"metadata_on_error", &Client::MetadataOnError},
    {"error_details", &Client::ErrorDetails},
    {"error_details_stream", &Client::ErrorDetailsStream},
    {"status_before_half_close", &Client::StatusBeforeHalfClose},
    {"status_during_upload", &Client::StatusDuringUpload},
    {"cancel_seen_unary", &Client::CancelSeenUnary},
    {"cancel_seen_stream", &Client::CancelSeenStream},
    {"deadline_of_client", &Client::DeadlineOfClient},
    {"deadline_on_wire", &Client::DeadlineOnWire},
    {"server_gone_and_back", &Client::ServerGoneAndBack},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: client <address> <case>..." << std::endl;
    return 2;
  }
  Client client(argv[1]);
  int exit_code = 0;
  for (int i = 2; i < argc; ++i) {
    try {
      (client.*kCases.at(argv[i]))();
      std::cout << "PASS " << argv[i] << std::endl;
    } catch (const std::exception& error) {
      std::string reason = error.what();
      std::replace(reason.begin(), reason.end(), '\n', ' ');
      std::cout << "FAIL " << argv[i] << " " << reason << std::endl;
      exit_code = 1;
    }
  }
  return exit_code;
}
