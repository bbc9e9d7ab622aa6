package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	pb "vyra.bench/grpc-go/gen/bench"
)

func serve(address string, j job) {
	listener, err := net.Listen("unix", address)
	if err != nil {
		fail(err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(math.MaxInt32))
	pb.RegisterBenchServiceServer(server, &service{withExtras: j.WithExtras})
	go func() { fail(server.Serve(listener)) }()
	fmt.Println("ready")
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		if input.Text() == "usage" {
			say(usageNow(j))
		}
	}
}

type service struct {
	pb.UnimplementedBenchServiceServer
	withExtras bool
}

func (s *service) Echo(ctx context.Context, request *pb.EchoRequest) (*pb.EchoResponse, error) {
	ctx.Deadline()
	if s.withExtras {
		incoming, _ := metadata.FromIncomingContext(ctx)
		if err := grpc.SetHeader(ctx, metadata.Pairs(answerHeader, incoming.Get(requestHeader)[0])); err != nil {
			return nil, err
		}
	}
	return &pb.EchoResponse{Payload: request.Payload}, nil
}

func (s *service) PingPong(stream grpc.BidiStreamingServer[pb.PingPongRequest, pb.PingPongResponse]) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.PingPongResponse{Payload: request.Payload}); err != nil {
			return err
		}
	}
}

func (s *service) Download(request *pb.DownloadRequest, stream grpc.ServerStreamingServer[pb.DownloadResponse]) error {
	message := &pb.DownloadResponse{Payload: make([]byte, request.PayloadBytes)}
	for {
		if err := stream.Send(message); err != nil {
			return err
		}
	}
}

func (s *service) Upload(stream grpc.ClientStreamingServer[pb.UploadRequest, pb.UploadResponse]) error {
	var count uint64
	for {
		_, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(&pb.UploadResponse{Count: count})
		}
		if err != nil {
			return err
		}
		count++
	}
}
