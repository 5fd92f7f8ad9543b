package harden

import (
	"sync"
	"time"
)

// unusable are the paths that keep the process from its files.
func unusable(files []File) []string {
	var paths []string
	for _, f := range files {
		if path, _ := f.denied(); path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

// lookEvery keeps the look at some dozens of paths out of most logins' way: the
// daemon waits for a worker to take a job. A file that is replaced meanwhile costs
// the logins of that time a "not available".
const lookEvery = time.Second

// rarely asks changed once in a while; what has changed stays so.
func rarely(changed func() bool) func() bool {
	var mu sync.Mutex
	var looked time.Time
	var answer bool
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		if !answer && time.Since(looked) >= lookEvery {
			looked, answer = time.Now(), changed()
		}
		return answer
	}
}
