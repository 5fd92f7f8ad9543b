package manual

import _ "embed"

// What no struct tells stands in files of its own.
var (
	//go:embed program-head.mdoc
	programHead string
	//go:embed program-tail.mdoc
	programTail string
	//go:embed configuration-head.mdoc
	configurationHead string
	//go:embed configuration-tail.mdoc
	configurationTail string
)
