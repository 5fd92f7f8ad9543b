package doctor

import "os/exec"

// managers are the commands that bring a newer OpenVPN, by the program they need.
var managers = []struct{ program, command string }{
	{"apt-get", "apt-get update && apt-get install openvpn"},
	{"dnf", "dnf upgrade openvpn"},
	{"zypper", "zypper update openvpn"},
	{"apk", "apk upgrade openvpn"},
	{"pacman", "pacman -Syu openvpn"},
	{"pkg", "pkg upgrade openvpn"},
}

// Upgrade is the command for this host, or "".
func Upgrade() string {
	for _, m := range managers {
		if _, err := exec.LookPath(m.program); err == nil {
			return m.command
		}
	}
	return ""
}
