// Command peer is grpc-go's part in the interop suite:
//
//	peer server <address>
//	peer client <address> <case>...
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: peer server <address> | peer client <address> <case>...")
		os.Exit(2)
	}
	switch role, address := os.Args[1], os.Args[2]; role {
	case "server":
		if err := serve(address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "client":
		if !runCases(address, os.Args[3:]) {
			os.Exit(1)
		}
	default:
		fmt.Fprintf(os.Stderr, "no such role: %s\n", role)
		os.Exit(2)
	}
}
