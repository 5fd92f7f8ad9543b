package testbed

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// daemonEnv is what OpenVPN 2.6.14 gives a script for a client with
// push-peer-info, without what differs between calls. There is no PATH in it.
var daemonEnv = map[string]string{
	"config":              "server.conf",
	"daemon":              "0",
	"daemon_log_redirect": "0",
	"daemon_pid":          "4242",
	"daemon_start_time":   "1795369733",
	"dev":                 "tun0",
	"dev_type":            "tun",
	"ifconfig_local":      "10.8.0.1",
	"ifconfig_netmask":    "255.255.255.0",
	"local_port_1":        "1194",
	"proto_1":             "udp4",
	"redirect_gateway":    "0",
	"remote_port_1":       "1194",
	"script_context":      "init",
	"script_type":         "user-pass-verify",
	"tun_mtu":             "1500",
	"verb":                "4",

	"IV_CIPHERS":   "AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305",
	"IV_COMP_STUB": "1", "IV_COMP_STUBv2": "1", "IV_LZO_STUB": "1",
	"IV_MTU":      "1600",
	"IV_NCP":      "2",
	"IV_PLAT":     "linux",
	"IV_PLAT_VER": "6.1.0",
	"IV_PROTO":    "990", // bit 8 (256) is in it: the client knows TEMP
	"IV_SSL":      "OpenSSL_3.0.19",
	"IV_TCPNL":    "1",
	"IV_VER":      "2.6.14",
}

func (c Call) environment(files resultFiles) []string {
	env := c.clientEnvironment()
	if c.ViaEnv {
		env["password"] = c.Password
	}
	if !c.NoDeferral {
		env["auth_control_file"] = files.control
		env["auth_failed_reason_file"] = files.reason
		env["auth_pending_file"] = files.pending
	}
	return c.environ(env)
}

// clientEnvironment is what is the same at all events of a session.
func (c Call) clientEnvironment() map[string]string {
	env := maps.Clone(daemonEnv)
	env["username"] = c.Username
	env["untrusted_ip"] = cmp.Or(c.IP, "192.0.2.10")
	env["untrusted_port"] = strconv.Itoa(cmp.Or(c.Port, 50000))
	return env
}

// environ lists what the call overrides last.
func (c Call) environ(env map[string]string) []string {
	maps.Copy(env, c.Env)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// resultFiles are the paths of auth_control_file and its companions; all empty
// without deferral.
type resultFiles struct{ control, reason, pending string }

func (f *resultFiles) create(dir string) error {
	var errs [3]error
	f.control, errs[0] = createTemp(dir, "acf", "")
	f.reason, errs[1] = createTemp(dir, "afr", "")
	f.pending, errs[2] = createTemp(dir, "apf", "")
	return errors.Join(errs[:]...)
}

func (f *resultFiles) remove(paths ...string) error {
	for _, path := range paths {
		if path == "" {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// createTemp makes a file that its owner alone may read, named as the daemon's
// platform_create_temp_file names it.
func createTemp(dir, kind, content string) (string, error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	path := filepath.Join(dir, "openvpn_"+kind+"_"+hex.EncodeToString(random[:])+".tmp")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(content)
	return path, errors.Join(err, f.Close())
}
