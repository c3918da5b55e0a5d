// The echo server of the benches in Go: a goroutine for each connection.
//
// echo echo|close: says its port, collects garbage when anything comes on standard input, and ends with it.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"time"
)

const buffer = 64 * 1024

func echo(connection net.Conn) {
	defer connection.Close()
	bytes := make([]byte, buffer)
	for {
		count, err := connection.Read(bytes)
		if err != nil {
			return
		}
		if _, err := connection.Write(bytes[:count]); err != nil {
			return
		}
	}
}

func control() {
	bytes := make([]byte, 64)
	for {
		if _, err := os.Stdin.Read(bytes); err != nil {
			os.Exit(0)
		}
		debug.FreeOSMemory()
		fmt.Println("done")
	}
}

func main() {
	// Connections have TCP_NODELAY unless told otherwise, and the listener the system's largest backlog.
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go control()
	isClosing := os.Args[1] == "close"
	for {
		connection, err := listener.Accept()
		if err != nil {
			// Out of descriptors.
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if isClosing {
			connection.Close()
		} else {
			go echo(connection)
		}
	}
}
