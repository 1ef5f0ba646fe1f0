package main

import (
	"context"
	"sync"

	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/stats"
)

type watchKey struct{}

// wireSizes remembers of every message that a call received whether it was smaller on the wire than in memory: the
// messages of the cases are zeros, so that says whether it came compressed.
type wireSizes struct {
	lock       sync.Mutex
	compressed []bool
}

func (sizes *wireSizes) at(index int) bool {
	sizes.lock.Lock()
	defer sizes.lock.Unlock()
	return index < len(sizes.compressed) && sizes.compressed[index]
}

type compressionWatch struct{}

func watched(ctx context.Context) *wireSizes {
	sizes, _ := ctx.Value(watchKey{}).(*wireSizes)
	return sizes
}

// watching gives a client call a place to note what its responses looked like on the wire.
func watching(ctx context.Context) (context.Context, *wireSizes) {
	sizes := &wireSizes{}
	return context.WithValue(ctx, watchKey{}, sizes), sizes
}

func (compressionWatch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	if watched(ctx) != nil {
		return ctx
	}
	ctx, _ = watching(ctx)
	return ctx
}

func (compressionWatch) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if payload, ok := event.(*stats.InPayload); ok {
		sizes := watched(ctx)
		sizes.lock.Lock()
		sizes.compressed = append(sizes.compressed, payload.WireLength < payload.Length)
		sizes.lock.Unlock()
	}
}

func (compressionWatch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}
func (compressionWatch) HandleConn(context.Context, stats.ConnStats) {}
