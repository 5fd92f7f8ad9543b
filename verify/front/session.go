package front

import (
	"syscall"

	"ovpn-verify/verify/front/job"
)

// clientConnect is called once a login has been accepted. OpenVPN takes exit
// status 0 for "connected", unless '2' stands in the deferred file by then.
func clientConnect(args []string) Call {
	subject = job.ClientConnect
	config, path := readArguments(args, true)
	// The variable came with 2.5; the argument is the same file.
	if named, _ := syscall.Getenv("client_connect_config_file"); named != "" {
		path = named
	}
	if path == "" {
		refuse("there is no client_connect_config_file")
	}
	files := results{control: -1, text: openForWriting("client_connect_config_file", path)}
	f := sessionFrame(config)
	const deferredFile = "client_connect_deferred_file"
	if _, deferrable := syscall.Getenv(deferredFile); !deferrable {
		return Call{Config: config, Frame: f, Text: files.text}
	}
	if files.control = openResult(deferredFile); files.control < 0 {
		refuse(deferredFile + " is empty")
	}
	reserve(files.control)
	deferConnect(files.control)
	finish(config, f, files, exitTaken)
	return Call{}
}

// clientDisconnect is called when a session has ended; nobody waits for an answer.
func clientDisconnect(args []string) Call {
	subject = job.ClientDisconnect
	config, file := readArguments(args, false)
	if file != "" {
		refuse("unexpected argument " + quote(file))
	}
	finish(config, sessionFrame(config), noResults, exitTaken)
	return Call{}
}
