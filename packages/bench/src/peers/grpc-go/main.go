// Command grpc-go is the benchmark's peer in Go: `server <address> <job>` and `client <address> <job>`, as
// contract/lines.ts says.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// job is contract/job.ts.
type job struct {
	Kind         string `json:"kind"`
	PayloadBytes int    `json:"payloadBytes"`
	InFlight     int    `json:"inFlight"`
	Connections  int    `json:"connections"`
	Streams      int    `json:"streams"`
	WithExtras   bool   `json:"withExtras"`
}

// What a call has on top in a job with extras.
const (
	requestHeader = "x-request-id"
	answerHeader  = "x-answered"
)

func main() {
	role, address := os.Args[1], os.Args[2]
	var j job
	if err := json.Unmarshal([]byte(os.Args[3]), &j); err != nil {
		fail(err)
	}
	if role == "server" {
		serve(address, j)
	} else {
		call(address, j)
	}
}

type usage struct {
	CPUUs    int64 `json:"cpuUs"`
	RSSBytes int64 `json:"rssBytes"`
}

func usageNow(j job) usage {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		fail(err)
	}
	cpu := (r.Utime.Sec+r.Stime.Sec)*1_000_000 + int64(r.Utime.Usec) + int64(r.Stime.Usec)
	if j.Kind == "hold" {
		runtime.GC()
		debug.FreeOSMemory()
	}
	return usage{cpu, rssBytes()}
}

// rssBytes is 0 where there is no /proc.
func rssBytes() int64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func say(line any) {
	text, err := json.Marshal(line)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(text))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
