package main

import (
	"os"

	"ovpn-verify/verify/secret"
)

// watchReplaced tells whether the program or its configuration is another by now:
// front names a worker by both (front.workerAddress), and asks this one no more.
// Without /proc (chroot) nothing is known of the program.
func watchReplaced(config string) (replaced func() bool) {
	program, programErr := os.Executable()
	began, err := secret.Version("/proc/self/exe")
	configBegan, configErr := secret.Version(config)
	return func() bool {
		if programErr == nil && err == nil && differs(program, began) {
			return true
		}
		return configErr == nil && differs(config, configBegan)
	}
}

// differs is false for a file that is not to be seen any more: the worker may have
// become a user who may not look there, and a replacement comes in its place.
func differs(path, began string) bool {
	now, err := secret.Version(path)
	return err == nil && now != began
}
