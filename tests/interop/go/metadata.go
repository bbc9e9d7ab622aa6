package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"

	probepb "vyra.test/interop/gen/probe"
)

var allBytes = func() string {
	bytes := make([]byte, 256)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	return string(bytes)
}()

// sent is the metadata that the clients send and a server has to echo: repeated keys, bytes, an empty value.
var sent = metadata.MD{
	"x-head-text":      {"one", "two"},
	"x-head-comma":     {"a, b"},
	"x-head-empty":     {""},
	"x-head-bytes-bin": {allBytes, "\x00\xff"},
	"x-tail-text":      {"three", "four"},
	"x-tail-bytes-bin": {"\x00", "\x01\x02"},
}

// checkMetadata tells whether md holds the entries of sent whose keys start with prefix.
func checkMetadata(md metadata.MD, prefix, where string) error {
	for key, wanted := range prefixed(sent, prefix) {
		got := md[key]
		if !strings.HasSuffix(key, "-bin") {
			got, wanted = []string{joined(got)}, []string{joined(wanted)}
		}
		if !slices.Equal(got, wanted) {
			return fmt.Errorf("%s in %s: got %q, want %q", key, where, got, wanted)
		}
	}
	return nil
}

func checkEcho(header, trailer metadata.MD) error {
	if err := checkMetadata(header, "x-head-", "headers"); err != nil {
		return err
	}
	return checkMetadata(trailer, "x-tail-", "trailers")
}

func checkObserved(observation *probepb.Observation) error {
	md := metadata.MD{}
	for _, m := range observation.Metadata {
		md[m.Key] = append(md[m.Key], string(m.Value))
	}
	return checkMetadata(md, "x-", "what the server saw")
}

func prefixed(md metadata.MD, prefix string) metadata.MD {
	some := metadata.MD{}
	for key, values := range md {
		if strings.HasPrefix(key, prefix) {
			some[key] = values
		}
	}
	return some
}

// joined makes one text of values, as every hop may join them (with or without a space).
func joined(values []string) string {
	return strings.ReplaceAll(strings.Join(values, ","), ", ", ",")
}
