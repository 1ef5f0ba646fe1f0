// A gRPC peer on grpc-go, driven over its standard streams; ../../README.md says what it reads and writes.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	pb "collm/interop/contract"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

func main() {
	switch os.Args[1] {
	case "server":
		serve(os.Args[2], os.Args[3], os.Args[4])
	case "client":
		runCases()
	}
}

func report(value interface{}) {
	text, err := json.Marshal(value)
	check(err)
	fmt.Println(string(text))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func serve(unixPath, certificate, key string) {
	plain := listen("tcp", "127.0.0.1:0")
	tls := listen("tcp", "127.0.0.1:0")
	pair, err := credentials.NewServerTLSFromFile(certificate, key)
	check(err)
	go start().Serve(plain)
	go start().Serve(listen("unix", unixPath))
	go start(grpc.Creds(pair)).Serve(tls)
	report(map[string]int{"plain": plain.Addr().(*net.TCPAddr).Port, "tls": tls.Addr().(*net.TCPAddr).Port})
	io.Copy(io.Discard, os.Stdin)
}

func listen(network, address string) net.Listener {
	listener, err := net.Listen(network, address)
	check(err)
	return listener
}

func start(options ...grpc.ServerOption) *grpc.Server {
	server := grpc.NewServer(append(options, grpc.StatsHandler(compressionWatch{}))...)
	pb.RegisterTestServiceServer(server, &testService{})
	return server
}

func connect(where []string) (*grpc.ClientConn, error) {
	security := grpc.WithInsecure()
	if len(where) > 1 {
		authority, err := credentials.NewClientTLSFromFile(where[1], "")
		if err != nil {
			return nil, err
		}
		security = grpc.WithTransportCredentials(authority)
	}
	return grpc.Dial(where[0], security, grpc.WithStatsHandler(compressionWatch{}))
}

func runCases() {
	report(map[string]bool{"ready": true})
	connections := map[string]*grpc.ClientConn{}
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		words := strings.Fields(input.Text())
		name, where := words[0], words[1:]
		key := strings.Join(where, " ")
		err := error(nil)
		if connections[key] == nil {
			connections[key], err = connect(where)
		}
		if err == nil {
			err = cases[name](connections[key])
		}
		outcome := map[string]interface{}{"case": name, "error": nil}
		if err != nil {
			outcome["error"] = err.Error()
		}
		report(outcome)
	}
}
