package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	probepb "vyra.test/interop/gen/probe"
)

const (
	timeout = 5 * time.Second
	fourMB  = 4_000_000
)

type client struct {
	conn  *grpc.ClientConn
	test  testpb.TestServiceClient
	probe probepb.ProbeServiceClient
}

// runCases runs the cases one by one over one connection and tells whether all passed.
func runCases(address string, cases []string) bool {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	defer conn.Close()
	c := &client{conn, testpb.NewTestServiceClient(conn), probepb.NewProbeServiceClient(conn)}
	passed := true
	for _, name := range cases {
		if err := c.run(name); err != nil {
			passed = false
			fmt.Printf("FAIL %s %s\n", name, strings.Join(strings.Fields(err.Error()), " "))
		} else {
			fmt.Printf("PASS %s\n", name)
		}
	}
	return passed
}

func (c *client) run(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 4*timeout)
	defer cancel()
	// grpc-go's own cases end the process when they fail, their reason on stderr.
	switch name {
	case "empty_unary":
		interop.DoEmptyUnaryCall(ctx, c.test)
	case "large_unary":
		interop.DoLargeUnaryCall(ctx, c.test)
	case "client_streaming":
		interop.DoClientStreaming(ctx, c.test)
	case "server_streaming":
		interop.DoServerStreaming(ctx, c.test)
	case "ping_pong":
		interop.DoPingPong(ctx, c.test)
	case "empty_stream":
		interop.DoEmptyStream(ctx, c.test)
	case "custom_metadata":
		interop.DoCustomMetadata(ctx, c.test)
	case "status_code_and_message":
		interop.DoStatusCodeAndMessage(ctx, c.test)
	case "special_status_message":
		interop.DoSpecialStatusMessage(ctx, c.test)
	case "unimplemented_method":
		interop.DoUnimplementedMethod(ctx, c.conn)
	case "unimplemented_service":
		interop.DoUnimplementedService(ctx, testpb.NewUnimplementedServiceClient(c.conn))
	case "cancel_after_begin":
		interop.DoCancelAfterBegin(ctx, c.test)
	case "cancel_after_first_response":
		interop.DoCancelAfterFirstResponse(ctx, c.test)
	case "timeout_on_sleeping_server":
		interop.DoTimeoutOnSleepingServer(ctx, c.test)
	default:
		run, ok := cases[name]
		if !ok {
			return fmt.Errorf("no such case")
		}
		return run(c, ctx)
	}
	return nil
}

// cases are those that package interop leaves out, and ours.
var cases = map[string]func(*client, context.Context) error{
	"client_compressed_unary":             (*client).compressedUnary,
	"client_compressed_unary_noprobe":     (*client).compressedUnaryNoProbe,
	"client_compressed_streaming":         (*client).compressedStreaming,
	"client_compressed_streaming_noprobe": (*client).compressedStreamingNoProbe,
	"server_compressed_unary":             (*client).serverCompressedUnary,
	"server_compressed_streaming":         (*client).serverCompressedStreaming,
	"four_mb_unary":                       (*client).fourMBUnary,
	"four_mb_stream":                      (*client).fourMBStream,
	"concurrent_calls":                    (*client).concurrentCalls,
	"metadata_unary":                      (*client).metadataUnary,
	"metadata_stream":                     (*client).metadataStream,
	"metadata_on_error":                   (*client).metadataOnError,
	"error_details":                       (*client).errorDetails,
	"error_details_stream":                (*client).errorDetailsStream,
	"status_before_half_close":            (*client).statusBeforeHalfClose,
	"status_during_upload":                (*client).statusDuringUpload,
	"cancel_seen_unary":                   (*client).cancelSeenUnary,
	"cancel_seen_stream":                  (*client).cancelSeenStream,
	"deadline_of_client":                  (*client).deadlineOfClient,
	"deadline_on_wire":                    (*client).deadlineOnWire,
	"server_gone_and_back":                (*client).serverGoneAndBack,
}

func (c *client) compressedUnary(ctx context.Context) error {
	_, err := c.test.UnaryCall(ctx, largeRequest(func(in *testpb.SimpleRequest) { in.ExpectCompressed = boolValue(true) }))
	if err := checkStatus(err, codes.InvalidArgument, ""); err != nil {
		return err
	}
	return c.compressedUnaryNoProbe(ctx)
}

func (c *client) compressedUnaryNoProbe(ctx context.Context) error {
	for _, compressed := range []bool{true, false} {
		var options []grpc.CallOption
		if compressed {
			options = append(options, grpc.UseCompressor(gzip.Name))
		}
		in := largeRequest(func(in *testpb.SimpleRequest) { in.ExpectCompressed = boolValue(compressed) })
		if out, err := c.test.UnaryCall(ctx, in, options...); err != nil {
			return err
		} else if err := checkSizes([]int{len(out.Payload.GetBody())}, 314159); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) compressedStreaming(ctx context.Context) error {
	stream, err := c.test.StreamingInputCall(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(inputRequest(27182, boolValue(true))); err != nil {
		return err
	}
	_, err = stream.CloseAndRecv()
	if err := checkStatus(err, codes.InvalidArgument, ""); err != nil {
		return err
	}
	return c.compressedStreamingNoProbe(ctx)
}

// grpc-go compresses all requests of a call or none. The second one should be uncompressed, so its
// field expects nothing here.
func (c *client) compressedStreamingNoProbe(ctx context.Context) error {
	stream, err := c.test.StreamingInputCall(ctx, grpc.UseCompressor(gzip.Name))
	if err != nil {
		return err
	}
	compressed, either := inputRequest(27182, boolValue(true)), inputRequest(45904, nil)
	for _, in := range []*testpb.StreamingInputCallRequest{compressed, either} {
		if err := stream.Send(in); err != nil {
			return err
		}
	}
	out, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	return checkSizes([]int{int(out.AggregatedPayloadSize)}, 73086)
}

func (c *client) serverCompressedUnary(ctx context.Context) error {
	for _, compressed := range []bool{true, false} {
		in := largeRequest(func(in *testpb.SimpleRequest) { in.ResponseCompressed = boolValue(compressed) })
		if out, err := c.test.UnaryCall(ctx, in); err != nil {
			return err
		} else if err := checkSizes([]int{len(out.Payload.GetBody())}, 314159); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) serverCompressedStreaming(ctx context.Context) error {
	stream, err := c.test.StreamingOutputCall(ctx, &testpb.StreamingOutputCallRequest{
		ResponseParameters: []*testpb.ResponseParameters{
			{Size: 31415, Compressed: boolValue(true)},
			{Size: 92653, Compressed: boolValue(false)},
		},
	})
	if err != nil {
		return err
	}
	sizes, err := receiveSizes(stream)
	if err != nil {
		return err
	}
	return checkSizes(sizes, 31415, 92653)
}

func (c *client) fourMBUnary(ctx context.Context) error {
	out, err := c.test.UnaryCall(ctx, &testpb.SimpleRequest{ResponseSize: fourMB, Payload: payload(fourMB)})
	if err != nil {
		return err
	}
	return checkSizes([]int{len(out.Payload.GetBody())}, fourMB)
}

func (c *client) fourMBStream(ctx context.Context) error {
	stream, err := c.test.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		for range 4 {
			if err := stream.Send(duplexRequest(fourMB, fourMB)); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	sizes, err := receiveSizes(stream)
	if err != nil {
		return err
	}
	if err := <-sent; err != nil {
		return err
	}
	return checkSizes(sizes, fourMB, fourMB, fourMB, fourMB)
}

func (c *client) concurrentCalls(ctx context.Context) error {
	errs := make([]error, 200)
	var calls sync.WaitGroup
	for i := range errs {
		calls.Go(func() {
			out, err := c.test.UnaryCall(ctx, &testpb.SimpleRequest{ResponseSize: int32(10 * i)})
			if err == nil {
				err = checkSizes([]int{len(out.Payload.GetBody())}, 10*i)
			}
			errs[i] = err
		})
	}
	calls.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *client) metadataUnary(ctx context.Context) error {
	var header, trailer metadata.MD
	ctx = metadata.NewOutgoingContext(ctx, sent)
	observation, err := c.probe.Observe(ctx, &probepb.ObserveRequest{}, grpc.Header(&header), grpc.Trailer(&trailer))
	if err != nil {
		return err
	}
	if err := checkObserved(observation); err != nil {
		return err
	}
	return checkEcho(header, trailer)
}

func (c *client) metadataStream(ctx context.Context) error {
	stream, err := c.probe.ObserveStream(metadata.NewOutgoingContext(ctx, sent))
	if err != nil {
		return err
	}
	for range 2 {
		if err := stream.Send(&probepb.ObserveRequest{}); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	observations, err := receive(stream)
	if err != nil {
		return err
	}
	if len(observations) != 2 {
		return fmt.Errorf("got %d responses, want 2", len(observations))
	}
	for _, observation := range observations {
		if err := checkObserved(observation); err != nil {
			return err
		}
	}
	header, err := stream.Header()
	if err != nil {
		return err
	}
	return checkEcho(header, stream.Trailer())
}

func (c *client) metadataOnError(ctx context.Context) error {
	var header, trailer metadata.MD
	ctx = metadata.NewOutgoingContext(ctx, sent)
	_, err := c.probe.Fail(ctx, failRequest(0), grpc.Header(&header), grpc.Trailer(&trailer))
	if err := checkStatus(err, codes.FailedPrecondition, ""); err != nil {
		return err
	}
	// A server may answer with trailers alone; then they hold everything.
	if len(header) == 0 {
		header = trailer
	}
	return checkEcho(header, trailer)
}

func (c *client) errorDetails(ctx context.Context) error {
	_, err := c.probe.Fail(ctx, failRequest(0))
	return checkDetail(err)
}

func (c *client) errorDetailsStream(ctx context.Context) error {
	stream, err := c.probe.FailStream(ctx, failRequest(3))
	if err != nil {
		return err
	}
	for range 3 {
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
	_, err = stream.Recv()
	return checkDetail(err)
}

func (c *client) statusBeforeHalfClose(ctx context.Context) error {
	stream, err := c.test.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(refusal()); err != nil {
		return err
	}
	_, err = stream.Recv()
	return checkStatus(err, codes.Aborted, "enough")
}

func (c *client) statusDuringUpload(ctx context.Context) error {
	stream, err := c.test.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(refusal()); err != nil {
		return err
	}
	for range 8 {
		if err := stream.Send(duplexRequest(1_000_000)); err != nil {
			break // io.EOF: the status is to be read
		}
	}
	_, err = stream.Recv()
	return checkStatus(err, codes.Aborted, "enough")
}

func (c *client) cancelSeenUnary(ctx context.Context) error {
	key := newKey()
	cancelled, cancel := context.WithCancel(ctx)
	time.AfterFunc(200*time.Millisecond, cancel)
	_, err := c.probe.Hang(cancelled, &probepb.HangRequest{Key: key})
	if err := checkStatus(err, codes.Canceled, ""); err != nil {
		return err
	}
	return c.checkEnded(ctx, key)
}

func (c *client) cancelSeenStream(ctx context.Context) error {
	key := newKey()
	cancelled, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.probe.HangStream(cancelled)
	if err != nil {
		return err
	}
	if err := stream.Send(&probepb.HangRequest{Key: key}); err != nil {
		return err
	}
	if _, err := stream.Recv(); err != nil {
		return err
	}
	cancel()
	_, err = stream.Recv()
	if err := checkStatus(err, codes.Canceled, ""); err != nil {
		return err
	}
	return c.checkEnded(ctx, key)
}

func (c *client) deadlineOfClient(ctx context.Context) error {
	key := newKey()
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := c.probe.Hang(short, &probepb.HangRequest{Key: key})
	if err := checkStatus(err, codes.DeadlineExceeded, ""); err != nil {
		return err
	}
	if took := time.Since(start); took < 250*time.Millisecond || took > 2*time.Second {
		return fmt.Errorf("took %v, want 250 ms to 2 s", took)
	}
	return c.checkEnded(ctx, key)
}

func (c *client) deadlineOnWire(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	observation, err := c.probe.Observe(ctx, &probepb.ObserveRequest{})
	if err != nil {
		return err
	}
	if observation.TimeoutMs == nil || *observation.TimeoutMs <= 3000 || *observation.TimeoutMs > 5100 {
		return fmt.Errorf("the server saw %v ms, want at most 5000", observation.TimeoutMs)
	}
	return nil
}

func (c *client) serverGoneAndBack(ctx context.Context) error {
	if _, err := c.test.EmptyCall(ctx, &testpb.Empty{}); err != nil {
		return err
	}
	ask("stop")
	_, err := c.test.EmptyCall(ctx, &testpb.Empty{})
	if err := checkStatus(err, codes.Unavailable, ""); err != nil {
		return err
	}
	ask("start")
	for deadline := time.Now().Add(2 * timeout); ; time.Sleep(50 * time.Millisecond) {
		_, err := c.test.EmptyCall(ctx, &testpb.Empty{})
		if err == nil {
			return nil
		}
		if err := checkStatus(err, codes.Unavailable, ""); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no call succeeded within 10 s of the server's return")
		}
	}
}

func (c *client) checkEnded(ctx context.Context, key string) error {
	out, err := c.probe.Ended(ctx, &probepb.EndedRequest{Key: key})
	if err != nil {
		return err
	}
	if !out.Ended {
		return fmt.Errorf("the handler did not see the end of the call")
	}
	return nil
}

func checkStatus(err error, code codes.Code, message string) error {
	st := status.Convert(err)
	if st.Code() != code {
		return fmt.Errorf("got status %v (%s), want %v", st.Code(), st.Message(), code)
	}
	if message != "" && st.Message() != message {
		return fmt.Errorf("got status message %q, want %q", st.Message(), message)
	}
	return nil
}

func checkDetail(err error) error {
	wanted := failRequest(0)
	if err := checkStatus(err, codes.FailedPrecondition, wanted.Message); err != nil {
		return err
	}
	details := status.Convert(err).Details()
	if len(details) != 1 {
		return fmt.Errorf("got %d details, want 1", len(details))
	}
	if detail, ok := details[0].(*probepb.ErrorReason); !ok || !proto.Equal(detail, wanted.Detail) {
		return fmt.Errorf("got detail %v, want %v", details[0], wanted.Detail)
	}
	return nil
}

// ask has the runner do something to the server ("stop", "start") and waits until it is done.
func ask(what string) {
	fmt.Println("ASK", what)
	answers.Scan()
}

var answers = bufio.NewScanner(os.Stdin)
