//go:build e2e

package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"ovpn-verify/scripts/testbed"
)

// soakKinds take turns.
var soakKinds = []struct {
	enrolled bool
	steady   bool // needs a worker that is not killed
	logIn    func(*client)
}{
	{false, false, (*client).plain}, {true, false, (*client).staticCode}, {true, false, (*client).dynamic},
	{true, false, (*client).appended}, {false, false, (*client).hostile}, {true, true, (*client).ourToken},
	{false, false, (*client).openvpnToken}, {true, false, (*client).renegotiation}, {false, false, (*client).locked},
	{false, true, (*client).byRadius},
}

func (c *client) plain() {
	c.wrong("plain, wrong password", "not the password")
	c.right("plain", func(string) testbed.Call { return c.call(c.password(c.user)) })
	c.wrong("plain, no password", "")
	c.wrong("plain, a broken frame", "SCRV1:"+c.password(c.user))
	if last, ok := c.right("plain", func(string) testbed.Call { return c.call(c.password(c.user)) }); ok {
		c.try("plain, renegotiation", last, mustAccept)
	}
}

func (c *client) staticCode() {
	c.try("static, wrong code", c.static("000000"), mustRefuse)
	if last, ok := c.right("static", c.static); ok {
		c.again("static, the code again", last)
	}
	// A wrong password in front of it leaves the code as good as it was.
	code := c.nextCode()
	c.wrong("static, wrong password", testbed.Static("not the password", code))
	if c.try("static, then the right one", c.static(code), mustAccept) == "accepted" {
		c.again("static, the code again", c.static(code))
	}
}

func (c *client) dynamic() {
	for range 4 {
		state, ok := c.asked("dynamic, the question")
		if !ok {
			return
		}
		answer := c.call("CRV1::" + state + "::" + c.nextCode())
		if c.try("dynamic", answer, mustAccept) == "accepted" {
			c.again("dynamic, the answer again", answer)
			c.wrong("dynamic, an answered question", "CRV1::"+state+"::"+c.nextCode())
			break
		}
	}
	if state, ok := c.asked("dynamic, the question"); ok {
		outcome := c.try("dynamic, wrong answer", c.call("CRV1::"+state+"::000000"), mustRefuse)
		if outcome == "refused" {
			c.wrong("dynamic, after the wrong answer", "CRV1::"+state+"::"+c.nextCode())
		}
	}
}

func (c *client) appended() {
	last, ok := c.right("appended", func(code string) testbed.Call { return c.call(c.password(c.user) + code) })
	if ok {
		c.again("appended, the code again", last)
	}
	c.wrong("appended, wrong code", c.password(c.user)+"000000")
}

var hostileNames = []string{
	"../../x", "*)(uid=*", "*", "user00*", "\\2a", "a\x01b", "\xff\xfe", strings.Repeat("x", 4096), "uid=user001,ou=people", "--help", "{username}", "",
}

func (c *client) hostile() {
	for range 6 {
		call := c.call(c.password(c.user))
		call.Username = hostileNames[c.code%len(hostileNames)] + []string{"", " "}[c.code/len(hostileNames)%2]
		c.code++
		c.try("hostile names", call, mustRefuse)
	}
	unknown := c.call(c.password(c.user))
	unknown.Username = "nobody of " + c.user
	c.try("an unknown user", unknown, mustRefuse)
}

var pushed = regexp.MustCompile(`^push "auth-token (\S+)"\n$`)

func (c *client) ourToken() {
	login, ok := c.right("static", c.static)
	if !ok {
		return
	}
	connected, err := login.Connect(c.t.Context())
	token := pushed.FindStringSubmatch(connected.Directives)
	if err != nil || !connected.Connected || token == nil {
		c.t.Errorf("%s: client-connect: %+v, %v", c.user, connected, err)
		return
	}
	c.secret(token[1])
	renegotiation := login
	renegotiation.Password = token[1]
	for range 3 {
		c.try("our token", renegotiation, mustAccept)
	}
	c.try("our token, another port", c.call(token[1]), mustAccept)
	other := c.call(token[1])
	other.Username = c.people[len(c.people)-1]
	c.try("our token, another user", other, mustRefuse)
	c.wrong("our token, forged", "OVPN_VERIFY_AT_"+strings.Repeat("A", 43))
	c.disconnect(login)
	c.wrong("our token, its session over", token[1])
}

// disconnect waits until the worker has noted it, as nobody else does.
func (c *client) disconnect(login testbed.Call) {
	if r, err := login.Disconnect(c.t.Context()); err != nil || r.Status != 0 {
		c.t.Errorf("%s: client-disconnect: %+v, %v", c.user, r, err)
	}
	noted := "event=client-disconnect user=" + c.user + " "
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(read(c.path("log")), noted); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Errorf("%s: client-disconnect was not noted", c.user)
			return
		}
	}
}

func (c *client) openvpnToken() {
	call := c.call("SESS_ID_AT_" + strings.Repeat("x", 64))
	for state, allow := range map[string]allowed{
		"Authenticated": mustAccept, "Expired": mustRefuse, "Invalid": mustRefuse, "": mustRefuse, "AuthenticatedEmptyUser": mustRefuse,
	} {
		call.Env = map[string]string{"session_id": "0011223344556677", "session_state": state}
		c.try(fmt.Sprintf("OpenVPN's token, %q", state), call, allow)
	}
	call.Username = "nobody of " + c.user
	call.Env["session_state"] = "Authenticated"
	c.try("OpenVPN's token, no such account", call, mustRefuse)
}

func (c *client) renegotiation() {
	login, ok := c.right("static", c.static)
	if !ok {
		return
	}
	for range 3 {
		c.try("renegotiation, static", login, mustAccept)
	}
	c.again("renegotiation, another port", login)
	other := login
	other.Password = testbed.Static(c.password(c.user), "000000")
	c.try("renegotiation, another field", other, mustRefuse)
	other = login
	other.Env = map[string]string{"daemon_pid": "4243"}
	c.try("renegotiation, another daemon", other, mustRefuse)
	c.try("renegotiation, static", login, mustAccept)
}

// locked guesses until the limit is reached; then the right password is no use,
// whatever the name looks like.
func (c *client) locked() {
	for i := 0; c.told < soakMost && i < 3*soakMost; i++ {
		switch c.try("guesses", c.call(fmt.Sprintf("not the password, %d", i)), mustRefuse) {
		case "refused":
			c.told++
		case "unavailable":
			time.Sleep(300 * time.Millisecond)
		}
	}
	if c.told < soakMost {
		return
	}
	c.try("locked, the right password", c.call(c.password(c.user)), mustRefuse)
	upper := c.call(c.password(c.user))
	upper.Username = strings.ToUpper(c.user)
	c.try("locked, the name in capitals", upper, mustRefuse)
}

func (c *client) byRadius() {
	c.mu.Lock()
	if len(c.radius) == 0 {
		c.mu.Unlock()
		c.t.Error("there are not enough people")
		return
	}
	c.user, c.radius, c.config = c.radius[0], c.radius[1:], "radius.toml"
	c.mu.Unlock()
	c.wrong("RADIUS, wrong password", "not the password")
	c.try("RADIUS", c.call(c.password(c.user)), mustAccept)
	c.wrong("RADIUS, no password", "")
}
