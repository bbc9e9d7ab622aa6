package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"

	probepb "vyra.test/interop/gen/probe"
)

func payload(size int) *testpb.Payload {
	return &testpb.Payload{Body: make([]byte, size)}
}

func boolValue(value bool) *testpb.BoolValue {
	return &testpb.BoolValue{Value: value}
}

func largeRequest(change func(*testpb.SimpleRequest)) *testpb.SimpleRequest {
	in := &testpb.SimpleRequest{ResponseSize: 314159, Payload: payload(271828)}
	change(in)
	return in
}

func inputRequest(size int, expectCompressed *testpb.BoolValue) *testpb.StreamingInputCallRequest {
	return &testpb.StreamingInputCallRequest{Payload: payload(size), ExpectCompressed: expectCompressed}
}

func duplexRequest(size int, responseSizes ...int32) *testpb.StreamingOutputCallRequest {
	in := &testpb.StreamingOutputCallRequest{Payload: payload(size)}
	for _, size := range responseSizes {
		in.ResponseParameters = append(in.ResponseParameters, &testpb.ResponseParameters{Size: size})
	}
	return in
}

// refusal asks a FullDuplexCall to end at once.
func refusal() *testpb.StreamingOutputCallRequest {
	status := &testpb.EchoStatus{Code: int32(codes.Aborted), Message: "enough"}
	return &testpb.StreamingOutputCallRequest{ResponseStatus: status}
}

func failRequest(after int32) *probepb.FailRequest {
	return &probepb.FailRequest{
		Code:    int32(codes.FailedPrecondition),
		Message: "not yet: ☺",
		After:   after,
		Detail: &probepb.ErrorReason{
			Reason:   "NOT_READY",
			Domain:   "vyra.ipc",
			Metadata: map[string]string{"module": "camera"},
		},
	}
}

func newKey() string {
	return strconv.FormatInt(time.Now().UnixNano(), 36)
}

// receive collects a stream's messages up to its end.
func receive[M any](stream interface{ Recv() (M, error) }) ([]M, error) {
	var messages []M
	for {
		message, err := stream.Recv()
		if err == io.EOF {
			return messages, nil
		}
		if err != nil {
			return messages, err
		}
		messages = append(messages, message)
	}
}

func receiveSizes(stream interface {
	Recv() (*testpb.StreamingOutputCallResponse, error)
}) ([]int, error) {
	messages, err := receive(stream)
	var sizes []int
	for _, message := range messages {
		sizes = append(sizes, len(message.Payload.GetBody()))
	}
	return sizes, err
}

func checkSizes(got []int, want ...int) error {
	if !slices.Equal(got, want) {
		return fmt.Errorf("got sizes %v, want %v", got, want)
	}
	return nil
}
