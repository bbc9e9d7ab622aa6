// What the C++ server and client have in common.
#pragma once

#include <string>

#include "grpc/testing/messages.pb.h"

constexpr char kInitialKey[] = "x-grpc-test-echo-initial";
constexpr char kTrailingKey[] = "x-grpc-test-echo-trailing-bin";
constexpr char kDetailType[] = "type.googleapis.com/grpc.testing.vyra.ErrorReason";

inline bool HasPrefix(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

inline void SetPayload(grpc::testing::Payload* payload, int size) { payload->set_body(std::string(size, '\0')); }
