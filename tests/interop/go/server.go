package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	probepb "vyra.test/interop/gen/probe"
)

func serve(address string) error {
	path := strings.TrimPrefix(strings.TrimPrefix(address, "unix://"), "unix:")
	// A killed server leaves its socket's file behind, and Go does not listen where a file is.
	os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.StatsHandler(compressionStats{}), grpc.KeepaliveParams(keepalive.ServerParameters{
		MaxConnectionAge:      millisecondsIn("MAX_CONNECTION_AGE_MS"),
		MaxConnectionAgeGrace: millisecondsIn("MAX_CONNECTION_AGE_GRACE_MS"),
	}))
	testpb.RegisterTestServiceServer(server, &testServer{TestServiceServer: interop.NewTestServer()})
	probepb.RegisterProbeServiceServer(server, newProbeServer())
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		time.AfterFunc(time.Second, server.Stop)
		server.GracefulStop()
	}()
	fmt.Println("ready")
	return server.Serve(listener)
}

// millisecondsIn is a variable of the environment; without it 0, which is for ever to grpc-go.
func millisecondsIn(name string) time.Duration {
	ms, _ := strconv.Atoi(os.Getenv(name))
	return time.Duration(ms) * time.Millisecond
}

// testServer is grpc-go's own interop server, and what that leaves out: compression.
type testServer struct {
	testpb.TestServiceServer
}

func (s *testServer) UnaryCall(ctx context.Context, in *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	if err := checkCompressed(ctx, in.ExpectCompressed); err != nil {
		return nil, err
	}
	if in.ResponseCompressed.GetValue() {
		if err := grpc.SetSendCompressor(ctx, "gzip"); err != nil {
			return nil, err
		}
	}
	return s.TestServiceServer.UnaryCall(ctx, in)
}

// grpc-go compresses all messages of a stream or none, so here all are if one is to be.
func (s *testServer) StreamingOutputCall(
	in *testpb.StreamingOutputCallRequest,
	stream grpc.ServerStreamingServer[testpb.StreamingOutputCallResponse],
) error {
	for _, wanted := range in.ResponseParameters {
		if wanted.Compressed.GetValue() {
			if err := grpc.SetSendCompressor(stream.Context(), "gzip"); err != nil {
				return err
			}
			break
		}
	}
	return s.TestServiceServer.StreamingOutputCall(in, stream)
}

func (s *testServer) StreamingInputCall(
	stream grpc.ClientStreamingServer[testpb.StreamingInputCallRequest, testpb.StreamingInputCallResponse],
) error {
	return s.TestServiceServer.StreamingInputCall(checkingStream{stream})
}

type checkingStream struct {
	grpc.ClientStreamingServer[testpb.StreamingInputCallRequest, testpb.StreamingInputCallResponse]
}

func (s checkingStream) Recv() (*testpb.StreamingInputCallRequest, error) {
	in, err := s.ClientStreamingServer.Recv()
	if err != nil {
		return nil, err
	}
	return in, checkCompressed(s.Context(), in.ExpectCompressed)
}

func checkCompressed(ctx context.Context, expected *testpb.BoolValue) error {
	if expected == nil {
		return nil
	}
	if got := *ctx.Value(isCompressedKey{}).(*bool); got != expected.Value {
		return status.Errorf(codes.InvalidArgument, "compressed: got %v, want %v", got, expected.Value)
	}
	return nil
}

// compressionStats notes in a call's context whether the message received last came compressed.
type compressionStats struct{}

type isCompressedKey struct{}

func (compressionStats) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, isCompressedKey{}, new(bool))
}

func (compressionStats) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if in, ok := event.(*stats.InPayload); ok {
		*ctx.Value(isCompressedKey{}).(*bool) = in.CompressedLength != in.Length
	}
}

func (compressionStats) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}

func (compressionStats) HandleConn(context.Context, stats.ConnStats) {}
