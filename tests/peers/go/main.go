// A peer for @vyra/http2 that uses golang.org/x/net/http2 on a Unix socket: `peer server SOCKET` serves the same as
// tests/peers/server.ts; `peer client SOCKET` calls such a server, and prints a line of JSON for each check.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"os"
)

const (
	largeBytes = 64 << 20
	pieceBytes = 64 << 10
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: peer server|client SOCKET")
	}
	switch role, path := os.Args[1], os.Args[2]; role {
	case "server":
		log.Fatal(serve(path))
	case "client":
		runChecks(path)
	default:
		log.Fatalf("unknown role %q", role)
	}
}

// large is the large body: no piece of it is like another.
type large struct {
	sent  int
	piece [pieceBytes]byte
}

func (l *large) Read(into []byte) (int, error) {
	if l.sent == largeBytes {
		return 0, io.EOF
	}
	at := l.sent % pieceBytes
	if at == 0 {
		n := l.sent / pieceBytes
		for i := range l.piece {
			l.piece[i] = byte(n%251 + 1)
		}
		binary.BigEndian.PutUint32(l.piece[:], uint32(n))
	}
	copied := copy(into, l.piece[at:])
	l.sent += copied
	return copied, nil
}

// summary is the length of all there is to read, and its hash.
func summary(from io.Reader) (string, error) {
	hash := sha256.New()
	bytes, err := io.Copy(hash, from)
	return fmt.Sprintf("%d %x", bytes, hash.Sum(nil)), err
}
