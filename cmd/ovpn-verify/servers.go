package main

import (
	"context"
	"time"

	"ovpn-verify/verify/state"
)

// serverMemory keeps in the state which servers gave no answer, for the workers
// to come.
type serverMemory struct {
	store   *state.Store
	backend string // "ldap" and "radius" may use one host
}

// memoryTimeout bounds what a login waits for it, in each direction.
const memoryTimeout = 250 * time.Millisecond

// Avoided implements primary.ServerMemory.
func (m serverMemory) Avoided(ctx context.Context, servers []string) map[string]time.Time {
	ctx, cancel := context.WithTimeout(ctx, memoryTimeout)
	defer cancel()
	names := make([]string, len(servers))
	for i, s := range servers {
		names[i] = m.name(s)
	}
	kept, err := m.store.AvoidedServers(ctx, names, time.Now())
	if err != nil {
		return nil
	}
	avoided := map[string]time.Time{}
	for i, s := range servers {
		if until, ok := kept[names[i]]; ok {
			avoided[s] = until
		}
	}
	return avoided
}

// Avoid implements primary.ServerMemory. It has been written when it returns: a
// worker that serves one login ends right after.
func (m serverMemory) Avoid(server string, until time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), memoryTimeout)
	defer cancel()
	_ = m.store.AvoidServer(ctx, m.name(server), until, time.Now())
}

func (m serverMemory) name(server string) string { return m.backend + " " + server }
