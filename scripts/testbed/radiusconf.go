package testbed

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var radiusReady = regexp.MustCompile(`Ready to process requests`)

const radiusConf = `prefix = /usr
localstatedir = $dir
logdir = $dir
raddbdir = $dir
radacctdir = $dir
name = freeradius
run_dir = $dir
db_dir = $dir
libdir = /usr/lib/freeradius
pidfile = $dir/pid
max_request_time = 30
max_requests = 16384
log {
  destination = stdout
  auth = yes
}
security {
  allow_core_dumps = no
  max_attributes = 200
  reject_delay = 0
  status_server = yes
}
thread pool {
  start_servers = 2
  max_servers = 4
  min_spare_servers = 1
  max_spare_servers = 2
}
client loopback {
  ipaddr = 127.0.0.1
  secret = $secret
  require_message_authenticator = yes
}
$radsecClients
modules {
  always reject {
    rcode = reject
  }
  always ok {
    rcode = ok
  }
  always handled {
    rcode = handled
  }
  detail {
    filename = $dir/detail
    suppress {
      User-Password
    }
  }
  pap {
  }
  chap {
  }
  mschap {
  }
  files {
    usersfile = $dir/users
  }
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = $port
  }
  listen {
    type = acct
    ipaddr = 127.0.0.1
    port = $acct
  }
$radsec
  authorize {
    detail
$challenges
    chap
    mschap
    files
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
    Auth-Type CHAP {
      chap
    }
    Auth-Type MS-CHAP {
      mschap
    }
  }
  post-auth {
$authenticator
    Post-Auth-Type Challenge {
$authenticator
    }
    Post-Auth-Type REJECT {
$authenticator
    }
  }
  preacct {
  }
  accounting {
    ok
  }
}
`

// radsecListen is FreeRADIUS' own sites-available/tls in short.
const radsecListen = `  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = $port
    proto = tcp
    clients = radsec
    limit {
      max_connections = 16
      lifetime = 0
      idle_timeout = 30
    }
    tls {
      private_key_file = $key
      certificate_file = $cert
      ca_file = $ca
      cipher_list = "DEFAULT"
      tls_min_version = "1.2"
      tls_max_version = "1.3"
      require_client_cert = yes
    }
  }`

const radsecClients = `clients radsec {
  client loopback_tls {
    ipaddr = 127.0.0.1
    proto = tls
    secret = radsec
  }
}`

func radiusConfig(dir string, port, acct int, o RadiusOptions) string {
	// 3.2.1 adds a Message-Authenticator only where it is told to, in each section.
	authenticator := "update reply {\n&Message-Authenticator := 0x00\n}"
	if o.NoMessageAuthenticator {
		authenticator = ""
	}
	var challenges strings.Builder
	for _, u := range RadiusUsers {
		if len(u.Rounds) > 0 {
			challenges.WriteString(u.unlang())
		}
	}
	var listen, clients string
	if o.RadSec != nil {
		clients = radsecClients
		listen = expand(radsecListen, map[string]string{
			"port": strconv.Itoa(port), "key": o.RadSec.Key, "cert": o.RadSec.Cert, "ca": o.RadSec.CA,
		})
	}
	return expand(radiusConf, map[string]string{
		"radsec": listen, "radsecClients": clients,
		"dir": dir, "secret": RadiusSecret, "port": strconv.Itoa(port), "acct": strconv.Itoa(acct),
		"challenges": challenges.String(), "authenticator": authenticator,
	})
}

// unlang is the user's dialogue: each State names the round it belongs to.
func (u RadiusUser) unlang() string {
	var b strings.Builder
	fmt.Fprintf(&b, "if (&User-Name == %q) {\n", u.Name)
	right, state := u.Password, ""
	for i, round := range u.Rounds {
		prompt := "No-Echo"
		if round.Echo {
			prompt = "Echo"
		}
		next := fmt.Sprintf("0x%x", fmt.Sprintf("%s:round:%d", u.Name, i+1))
		b.WriteString(step(state, right, fmt.Sprintf("update reply {\n&State := %s\n&Reply-Message := %q\n&Prompt := %s\n}\n"+
			"update control {\n&Response-Packet-Type := Access-Challenge\n}\nhandled\n", next, round.Prompt, prompt)))
		right, state = round.Answer, next
	}
	b.WriteString(step(state, right, "update control {\n&Auth-Type := Accept\n}\nupdate reply {\n&Filter-Id := \"staff\"\n}\n"))
	b.WriteString("else {\nreject\n}\n}\n")
	return b.String()
}

// step is what a request with this State (none: the first) and the right answer leads to.
func step(state, right, then string) string {
	if state == "" {
		return fmt.Sprintf("if (!&State && &User-Password == %q) {\n%s}\n", right, then)
	}
	return fmt.Sprintf("elsif (&State && &State == %s && &User-Password == %q) {\n%s}\n", state, right, then)
}
