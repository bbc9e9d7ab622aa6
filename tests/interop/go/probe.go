package main

import (
	"context"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	probepb "vyra.test/interop/gen/probe"
)

type probeServer struct {
	probepb.UnimplementedProbeServiceServer
	mu    sync.Mutex
	ended map[string]chan struct{}
}

func newProbeServer() *probeServer {
	return &probeServer{ended: map[string]chan struct{}{}}
}

func (s *probeServer) Observe(ctx context.Context, _ *probepb.ObserveRequest) (*probepb.Observation, error) {
	md := incoming(ctx)
	if err := grpc.SetHeader(ctx, prefixed(md, "x-head-")); err != nil {
		return nil, err
	}
	return observe(ctx), grpc.SetTrailer(ctx, prefixed(md, "x-tail-"))
}

func (s *probeServer) ObserveStream(
	stream grpc.BidiStreamingServer[probepb.ObserveRequest, probepb.Observation],
) error {
	if err := echo(stream); err != nil {
		return err
	}
	for {
		if _, err := stream.Recv(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.Send(observe(stream.Context())); err != nil {
			return err
		}
	}
}

func (s *probeServer) Fail(ctx context.Context, in *probepb.FailRequest) (*probepb.Observation, error) {
	md := incoming(ctx)
	if err := grpc.SetHeader(ctx, prefixed(md, "x-head-")); err != nil {
		return nil, err
	}
	if err := grpc.SetTrailer(ctx, prefixed(md, "x-tail-")); err != nil {
		return nil, err
	}
	return nil, failure(in)
}

func (s *probeServer) FailStream(
	in *probepb.FailRequest,
	stream grpc.ServerStreamingServer[probepb.Observation],
) error {
	if err := echo(stream); err != nil {
		return err
	}
	for range in.After {
		if err := stream.Send(&probepb.Observation{}); err != nil {
			return err
		}
	}
	return failure(in)
}

func (s *probeServer) Hang(ctx context.Context, in *probepb.HangRequest) (*probepb.Observation, error) {
	<-ctx.Done()
	close(s.channel(in.Key))
	return nil, ctx.Err()
}

func (s *probeServer) HangStream(stream grpc.BidiStreamingServer[probepb.HangRequest, probepb.Observation]) error {
	in, err := stream.Recv()
	if err != nil {
		return err
	}
	if err := stream.Send(&probepb.Observation{}); err != nil {
		return err
	}
	<-stream.Context().Done()
	close(s.channel(in.Key))
	return stream.Context().Err()
}

func (s *probeServer) Ended(_ context.Context, in *probepb.EndedRequest) (*probepb.EndedResponse, error) {
	select {
	case <-s.channel(in.Key):
		return &probepb.EndedResponse{Ended: true}, nil
	case <-time.After(2 * time.Second):
		return &probepb.EndedResponse{}, nil
	}
}

func (s *probeServer) channel(key string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended[key] == nil {
		s.ended[key] = make(chan struct{})
	}
	return s.ended[key]
}

func incoming(ctx context.Context) metadata.MD {
	md, _ := metadata.FromIncomingContext(ctx)
	return md
}

func echo(stream grpc.ServerStream) error {
	md := incoming(stream.Context())
	stream.SetTrailer(prefixed(md, "x-tail-"))
	return stream.SetHeader(prefixed(md, "x-head-"))
}

func observe(ctx context.Context) *probepb.Observation {
	observation := &probepb.Observation{}
	for key, values := range prefixed(incoming(ctx), "x-") {
		for _, value := range values {
			observation.Metadata = append(observation.Metadata, &probepb.Metadatum{Key: key, Value: []byte(value)})
		}
	}
	if deadline, ok := ctx.Deadline(); ok {
		observation.TimeoutMs = proto.Int64(time.Until(deadline).Milliseconds())
	}
	return observation
}

func failure(in *probepb.FailRequest) error {
	st := status.New(codes.Code(in.Code), in.Message)
	if in.Detail != nil {
		detailed, err := st.WithDetails(in.Detail)
		if err != nil {
			return err
		}
		st = detailed
	}
	return st.Err()
}
