package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	pb "vyra.bench/grpc-go/gen/bench"
)

// tally is what a load has done; see contract/lines.ts.
type tally struct {
	Count     int                `json:"count"`
	Seconds   float64            `json:"seconds"`
	LatencyUs map[string]float64 `json:"latencyUs,omitempty"`
	Unmade    *int               `json:"unmade,omitempty"`
}

type readyLine struct {
	At    string `json:"at"`
	Usage usage  `json:"usage"`
}

type doneLine struct {
	readyLine
	tally
}

type client struct {
	job     job
	payload []byte
	address string
	conns   []*grpc.ClientConn
}

func call(address string, j job) {
	c := &client{job: j, payload: make([]byte, j.PayloadBytes), address: address}
	input := bufio.NewScanner(os.Stdin)
	run := c.prepare()
	report := func(result tally) { say(doneLine{readyLine{"done", usageNow(j)}, result}) }
	if j.Kind == "first-call" {
		report(run(0))
	} else {
		say(readyLine{"ready", usageNow(j)})
	}
	for input.Scan() {
		numbers := numbersIn(input.Text())
		if len(numbers) > 1 {
			report(c.openLoop(numbers[0], numbers[1]))
		} else {
			report(run(numbers[0]))
		}
	}
}

// numbersIn returns the arguments of a line `run <ms> [<rate>]`.
func numbersIn(line string) []float64 {
	var numbers []float64
	for _, word := range strings.Fields(line)[1:] {
		number, err := strconv.ParseFloat(word, 64)
		if err != nil {
			fail(err)
		}
		numbers = append(numbers, number)
	}
	return numbers
}

func (c *client) prepare() func(ms float64) tally {
	connections := 1
	if c.job.Kind == "calls" || c.job.Kind == "ping-pong" {
		connections = c.job.Connections
	}
	for range connections {
		c.connect()
	}
	switch c.job.Kind {
	case "calls":
		return func(ms float64) tally { return c.keepBusy(ms, c.caller) }
	case "ping-pong":
		return func(ms float64) tally { return c.keepBusy(ms, c.pingPonger) }
	case "download":
		return c.download
	case "upload":
		return c.upload
	case "hold":
		isWarm := false
		return func(float64) tally {
			if isWarm {
				return c.hold()
			}
			isWarm = true
			return c.once()
		}
	default:
		return func(float64) tally { return c.once() }
	}
}

func (c *client) connect() *grpc.ClientConn {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)),
	}
	if c.job.WithExtras {
		options = append(options, grpc.WithDefaultServiceConfig(retries))
	}
	conn, err := grpc.NewClient("unix:"+c.address, options...)
	if err != nil {
		fail(err)
	}
	conn.Connect()
	c.conns = append(c.conns, conn)
	return conn
}

const retries = `{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.02s",
  "maxBackoff": "1s", "backoffMultiplier": 3, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`

func (c *client) service(i int) pb.BenchServiceClient {
	return pb.NewBenchServiceClient(c.conns[i%len(c.conns)])
}

// keepBusy has one goroutine for each call or message under way.
func (c *client) keepBusy(ms float64, open func(i int) (exchange func(), end func())) tally {
	latencies := make([][]time.Duration, c.job.InFlight)
	start := time.Now()
	limit := time.Duration(ms * float64(time.Millisecond))
	var group sync.WaitGroup
	for i := range c.job.InFlight {
		group.Go(func() {
			exchange, end := open(i)
			for last := time.Now(); ; {
				exchange()
				now := time.Now()
				latencies[i] = append(latencies[i], now.Sub(last))
				last = now
				if now.Sub(start) >= limit {
					break
				}
			}
			end()
		})
	}
	group.Wait()
	all := slices.Concat(latencies...)
	return tally{Count: len(all), Seconds: time.Since(start).Seconds(), LatencyUs: quantiles(all)}
}

var calls atomic.Int64

func (c *client) caller(i int) (func(), func()) {
	service := c.service(i)
	exchange := func() {
		ctx := context.Background()
		var options []grpc.CallOption
		var header metadata.MD
		if c.job.WithExtras {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			ctx = metadata.AppendToOutgoingContext(ctx, requestHeader, strconv.FormatInt(calls.Add(1), 10))
			options = []grpc.CallOption{grpc.Header(&header)}
		}
		answer, err := service.Echo(ctx, &pb.EchoRequest{Payload: c.payload}, options...)
		c.check(answer.GetPayload(), err)
	}
	return exchange, func() {}
}

func (c *client) pingPonger(i int) (func(), func()) {
	stream, err := c.service(i).PingPong(context.Background())
	if err != nil {
		fail(err)
	}
	exchange := func() {
		if err := stream.Send(&pb.PingPongRequest{Payload: c.payload}); err != nil {
			fail(err)
		}
		answer, err := stream.Recv()
		c.check(answer.GetPayload(), err)
	}
	return exchange, func() { stream.CloseSend(); stream.Recv() }
}

func (c *client) download(ms float64) tally {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	start := time.Now()
	limit := time.Duration(ms * float64(time.Millisecond))
	stream, err := c.service(0).Download(ctx, &pb.DownloadRequest{PayloadBytes: uint32(c.job.PayloadBytes)})
	if err != nil {
		fail(err)
	}
	for count := 1; ; count++ {
		answer, err := stream.Recv()
		c.check(answer.GetPayload(), err)
		if took := time.Since(start); took >= limit {
			return tally{Count: count, Seconds: took.Seconds()}
		}
	}
}

func (c *client) upload(ms float64) tally {
	start := time.Now()
	limit := time.Duration(ms * float64(time.Millisecond))
	stream, err := c.service(0).Upload(context.Background())
	if err != nil {
		fail(err)
	}
	count := 0
	for ; time.Since(start) < limit; count++ {
		if err := stream.Send(&pb.UploadRequest{Payload: c.payload}); err != nil {
			fail(err)
		}
	}
	answer, err := stream.CloseAndRecv()
	if err == nil && answer.Count != uint64(count) {
		err = fmt.Errorf("sent %d messages, %d arrived", count, answer.Count)
	}
	if err != nil {
		fail(err)
	}
	return tally{Count: count, Seconds: time.Since(start).Seconds()}
}

func (c *client) once() tally {
	start := time.Now()
	exchange, _ := c.caller(0)
	exchange()
	return tally{Count: 1, Seconds: time.Since(start).Seconds()}
}

var held []any // keeps what is open from being collected

func (c *client) hold() tally {
	start := time.Now()
	count := c.job.Streams
	if count > 0 {
		for range count {
			exchange, end := c.pingPonger(0)
			exchange()
			held = append(held, exchange, end)
		}
	} else {
		count = c.job.Connections
		for range count {
			c.connect()
			exchange, _ := c.caller(len(c.conns) - 1)
			exchange()
		}
	}
	return tally{Count: count, Seconds: time.Since(start).Seconds()}
}

func (c *client) check(answer []byte, err error) {
	if err != nil {
		fail(err)
	}
	if len(answer) != len(c.payload) {
		fail(fmt.Errorf("expected %d bytes, got %d", len(c.payload), len(answer)))
	}
}

func quantiles(latencies []time.Duration) map[string]float64 {
	slices.Sort(latencies)
	at := func(quantile float64) float64 {
		index := max(0, int(math.Ceil(quantile*float64(len(latencies))))-1)
		return float64(latencies[index]) / float64(time.Microsecond)
	}
	return map[string]float64{
		"p10": at(0.1), "p25": at(0.25), "p50": at(0.5), "p75": at(0.75), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999),
	}
}
