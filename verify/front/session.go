package front

import "ovpn-verify/verify/front/job"

// clientConnect is called once a login has been accepted. OpenVPN takes exit
// status 0 for "connected", unless '2' stands in the deferred file by then.
func (p *process) clientConnect() Call {
	subject = job.ClientConnect
	config, path := p.readArguments(true)
	// The variable came with 2.5; the argument is the same file.
	if named := p.value("client_connect_config_file"); named != "" {
		path = named
	}
	if path == "" {
		refuse(problem{before: "there is no client_connect_config_file"})
	}
	files := results{control: -1, text: openForWriting("client_connect_config_file", path)}
	frame := finished(p.sessionFrame(config))
	const deferredFile = "client_connect_deferred_file"
	if _, deferrable := p.lookup(deferredFile); !deferrable {
		return Call{Config: config, Frame: frame, Text: files.text}
	}
	if files.control = p.openResult(deferredFile); files.control < 0 {
		refuse(problem{before: deferredFile + " is empty"})
	}
	reserve(files.control)
	deferConnect(files.control)
	p.leaveToWorker(config, frame, files, exitTaken)
	return Call{}
}

// clientDisconnect is called when a session has ended. It has no answer, but
// OpenVPN waits until a worker has the call: the client's next login may come at
// once and must not find its session there.
func (p *process) clientDisconnect() {
	subject = job.ClientDisconnect
	config, file := p.readArguments(false)
	if file != "" {
		refuse(problem{before: "unexpected argument", outside: file})
	}
	p.toWorker(config, finished(p.sessionFrame(config)), noResults, exitTaken)
}
