package testbed

import (
	"crypto/x509"
	"encoding/pem"
	"reflect"
	"testing"
	"time"
)

// The lines are what OpenVPN 2.6.14 said to the management interface.
func TestParseEvent(t *testing.T) {
	for line, want := range map[string]Event{
		">PASSWORD:Verification Failed: 'Auth'":                                           {Kind: Refused},
		">PASSWORD:Verification Failed: 'Auth' ['wrong name or password']":                {Kind: Refused, Message: "wrong name or password"},
		">PASSWORD:Verification Failed: 'Auth' ['TEMP[backoff 3,advance no]: later']":     {Kind: Temporary, Message: "TEMP[backoff 3,advance no]: later"},
		">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:st4te:YWRh:Code: please?']":     {Kind: Challenged, Message: "Code: please?", Challenge: &Challenge{true, true, "st4te", "ada", "Code: please?"}},
		">PASSWORD:Verification Failed: 'Auth' ['CRV1:R:st4te:not base64:Code']":          {Kind: Refused, Message: "CRV1:R:st4te:not base64:Code"},
		">PASSWORD:Need 'Auth' username/password SC:0,Code?":                              {Kind: Asked},
		">INFOMSG:CR_TEXT:R,E:Enter OTP":                                                  {Kind: Prompted, Message: "Enter OTP", Challenge: &Challenge{Echo: true, Response: true, Text: "Enter OTP"}},
		">STATE:1795369735,CONNECTED,SUCCESS,10.8.1.2,10.99.0.1,1195,10.99.0.2,40000":     {Kind: Connected, Message: "SUCCESS", TunnelIP: "10.8.1.2"},
		">STATE:1795369735,RECONNECTING,ping-restart,,,,,":                                {Kind: Dropped, Message: "ping-restart"},
		">STATE:1795369805,EXITING,SIGTERM,,,,,":                                          {Kind: Exited, Message: "SIGTERM"},
		">STATE:1795369735,RECONNECTING,auth-temp-failure (server temporary reject),,,,,": {},
		">STATE:1795369735,RECONNECTING,auth-failure,,,,,":                                {},
		">HOLD:Waiting for hold release:0":                                                {},
		"SUCCESS: 'Auth' username entered, but not yet verified":                          {},
		">STATE:1795369735,GET_CONFIG,,,,,,":                                              {},
	} {
		e, ok := parseEvent(line)
		if want.Kind == "" && ok || want.Kind != "" && !ok {
			t.Errorf("%q tells %v", line, e)
		}
		if ok && !reflect.DeepEqual(e, want) {
			t.Errorf("%q is %+v, want %+v", line, e, want)
		}
	}
}

func TestStalls(t *testing.T) {
	log := `2026-11-22 17:49:14 us=490916 10.99.0.2:50703 peer info: IV_PLAT_VER=6.18.44
2026-11-22 17:49:14 us=490937 10.99.0.2:50703 peer info: IV_SSO=crtext
call: ada
2026-11-22 17:49:14 us=497622 10.99.0.2:50703 TLS: Username/Password authentication deferred for username 'ada' [CN SET]
2026-11-22 17:49:59 us=999000 10.99.0.2:50704 peer info: IV_SSO=crtext
2026-11-22 17:50:00 us=1000 10.99.0.2:50704 TLS Auth Error: Auth Username/Password verification failed for peer
2026-11-22 17:51:00 us=1000 ada/10.99.0.2:50704 peer info: IV_SSO=crtext
2026-11-22 17:51:00 us=3000 ada/10.99.0.2:50704 TLS: Username/Password authentication succeeded for username 'ada'
`
	want := []time.Duration{6685 * time.Microsecond, 2 * time.Millisecond, 2 * time.Millisecond}
	if got := stalls(log); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestParsePing(t *testing.T) {
	r, err := parsePing(`64 bytes from 10.8.1.1: icmp_seq=1 ttl=64 time=0.214 ms
64 bytes from 10.8.1.1: icmp_seq=2 ttl=64 time=1003 ms

--- 10.8.1.1 ping statistics ---
3 packets transmitted, 2 received, 33.3333% packet loss, time 101ms
`)
	if err != nil || r.Lost() != 1 || r.Max() != 1003*time.Millisecond || len(r.RTT) != 2 {
		t.Errorf("%+v, error %v", r, err)
	}
}

func TestCertificatesCanBeWrong(t *testing.T) {
	ca, err := NewCA("test")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, err := ca.Write(dir, "old", Cert{Name: "elsewhere", Hosts: []string{"elsewhere.example"}, NotAfter: time.Now().Add(-time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	certificate := parsePEM(t, readText(files.Cert))
	if err := certificate.VerifyHostname("127.0.0.1"); err == nil {
		t.Error("the certificate is right for 127.0.0.1")
	}
	if !certificate.NotAfter.Before(time.Now()) {
		t.Errorf("valid until %v", certificate.NotAfter)
	}
	if err := certificate.CheckSignatureFrom(ca.certificate); err != nil {
		t.Error(err)
	}
	if other, _ := NewCA("test"); certificate.CheckSignatureFrom(other.certificate) == nil {
		t.Error("another authority's certificate passes")
	}
}

func parsePEM(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}
