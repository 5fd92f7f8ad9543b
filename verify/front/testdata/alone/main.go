// Command alone is front without the program around it.
package main

import (
	"os"

	"ovpn-verify/verify/front"
)

func main() { front.Run(os.Args, os.Environ()) }
