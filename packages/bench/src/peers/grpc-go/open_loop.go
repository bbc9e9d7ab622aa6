package main

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// openLoop starts calls at a fixed rate, whatever the earlier ones do; see contract/lines.ts.
func (c *client) openLoop(ms, rate float64) tally {
	limit := time.Duration(ms * float64(time.Millisecond))
	planned := max(1, int(limit.Seconds()*rate))
	latencies := make([]time.Duration, planned)
	free := make(chan struct{}, c.job.InFlight)
	callers := make([]func(), len(c.conns))
	for i := range callers {
		callers[i], _ = c.caller(i)
	}
	ticks := newTicker(rate)
	defer ticks.close()
	var group sync.WaitGroup
	start := time.Now()
	started := 0
	for started < planned && time.Since(start) < limit {
		due := min(planned, int(time.Since(start).Seconds()*rate)+1)
		for started < due && time.Since(start) < limit {
			if !waitFor(free, limit-time.Since(start)) {
				break
			}
			i := started
			dueAt := start.Add(time.Duration(float64(i) / rate * float64(time.Second)))
			group.Go(func() {
				callers[i%len(callers)]()
				latencies[i] = time.Since(dueAt)
				<-free
			})
			started++
		}
		ticks.wait()
	}
	group.Wait()
	unmade := planned - started
	return tally{started, time.Since(start).Seconds(), quantiles(latencies[:started]), &unmade}
}

// waitFor takes a place in the channel, and reports whether one was free in time.
func waitFor(free chan struct{}, patience time.Duration) bool {
	select {
	case free <- struct{}{}:
		return true
	default:
	}
	select {
	case free <- struct{}{}:
		return true
	case <-time.After(patience):
		return false
	}
}

// ticker is a timer of the kernel that the scheduler of Go waits for as for a socket. Sleeping in Go is late by up to a
// millisecond, since the runtime rounds its waiting for sockets up to that.
type ticker struct {
	file *os.File
}

// shortestTick is the shortest interval of a ticker: at higher rates, several calls are started at each tick.
const shortestTick = 20 * time.Microsecond

// newTicker ticks at the rate per second: timerfd_create(2) with CLOCK_MONOTONIC, which is 1.
func newTicker(rate float64) ticker {
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, 1, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errno != 0 {
		fail(errno)
	}
	interval := max(shortestTick, time.Duration(float64(time.Second)/rate))
	every := syscall.NsecToTimespec(int64(interval))
	spec := [2]syscall.Timespec{every, every}
	if _, _, errno := syscall.Syscall6(
		syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); errno != 0 {
		fail(errno)
	}
	return ticker{os.NewFile(fd, "timerfd")}
}

// wait returns when the timer has expired since the last time.
func (t ticker) wait() {
	var expirations [8]byte
	if _, err := t.file.Read(expirations[:]); err != nil {
		fail(err)
	}
}

func (t ticker) close() { t.file.Close() }
