//go:build !linux

package state

func judgeOwners(string) {}
