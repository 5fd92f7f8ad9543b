package migrate_test

import (
	"strings"
	"testing"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/challenge/migrate"
	"ovpn-verify/verify/secret"
)

const seed = "KC37VGNW2ABIZ76BQFQEMBGHY4"

var usual = challenge.TOTP{Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}

func TestReadGoogleAuthenticator(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		codes   int
		step    uint64
		form    challenge.TOTP
	}{
		"all options": {seed + "\n\" RATE_LIMIT 3 30 1700000000\n\" WINDOW_SIZE 17\n\" DISALLOW_REUSE 56666667 56666669 56666668\n\" TOTP_AUTH\n" +
			"18222228\n28488571\n", 2, 56666669 * 30, usual},
		"a period": {seed + "\r\n\" DISALLOW_REUSE 100\r\n\" STEP_SIZE 60\r\n\" TIME_SKEW 0\r\n\" TOTP_AUTH\r\n", 0, 6000,
			challenge.TOTP{Algorithm: "SHA1", Digits: 6, Period: time.Minute}},
	} {
		all, err := migrate.Read("f", secret.FromString(c.content))
		if err != nil || len(all) != 1 || len(all[0].RecoveryCodes) != c.codes || all[0].SpentStep != c.step ||
			all[0].Form != c.form || len(all[0].Seed.Reveal()) != 16 || all[0].User != "" || all[0].Place != "f" {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
}

func TestReadTable(t *testing.T) {
	for name, content := range map[string]string{
		"commas":     "user,secret,digits,period,algorithm,recovery codes\nada," + seed + ",8,60,sha256,12345678 aaaa-bbbb-cccc-dddd\nbob,,,,,\n",
		"semicolons": "\ufeffUser;Secret;Digits;Period;Algorithm;Recovery_Codes\r\nada;" + seed + ";8;60;SHA256;12345678 87654321\r\nbob;;;;;\r\n",
		"tabs":       "user\tsecret\tdigits\tperiod\talgorithm\trecovery_codes\nada\t" + seed + "\t8\t60\tSHA256\t12345678 87654321\nbob\t\t\t\t\t\n",
		"empty rows": "user,secret,digits,period,algorithm,recovery_codes\nada," + seed + ",8,60,SHA256,12345678 87654321\n\n   \n,,,,,\nbob,,,,,\n,\n",
		"uri":        "user,uri,recovery_codes\nada,otpauth://totp/X:other?secret=" + seed + "&algorithm=SHA256&digits=8&period=60,\"12345678\n87654321\"\nbob,,\n",
	} {
		all, err := migrate.Read("f", secret.FromString(content))
		if err != nil || len(all) != 2 {
			t.Fatalf("%s: %+v, %v", name, all, err)
		}
		want := challenge.TOTP{Algorithm: "SHA256", Digits: 8, Period: time.Minute}
		if a := all[0]; a.User != "ada" || a.Form != want || len(a.Seed.Reveal()) != 16 || len(a.RecoveryCodes) != 2 || a.Place != "f:2" {
			t.Errorf("%s: %+v", name, a)
		}
		if b := all[1]; b.User != "bob" || b.Form != (challenge.TOTP{}) || !b.Seed.Empty() || len(b.RecoveryCodes) != 0 {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func TestReadURIs(t *testing.T) {
	all, err := migrate.Read("f", secret.FromString("\notpauth://totp/X:ada?secret="+seed+"\n# gone\n\n otpauth://totp/bob?secret="+seed+"&digits=8\r\n"))
	if err != nil || len(all) != 2 || all[0].User != "ada" || all[0].Form != usual || all[1].User != "bob" || all[1].Form.Digits != 8 || all[1].Place != "f:5" {
		t.Errorf("%+v, %v", all, err)
	}
}

// Each fault is named with its line, all of them at once, and no secret with them.
func TestFaults(t *testing.T) {
	for content, want := range map[string]string{
		"u\x00s\x00": "f: not text in UTF-8: save it as CSV (UTF-8)",
		"":           "f: the file is empty", "\n \n": "f: the file is empty",
		seed:                       "f: not for time-based codes: it has no option TOTP_AUTH",
		seed + "1\n\" TOTP_AUTH\n": "f:1: the secret is not base32 (A to Z, 2 to 7)",
		seed + "\n\" HOTP_COUNTER 1\n": "f:2: for codes that are counted (HOTP_COUNTER), not time-based ones\n" +
			"f: not for time-based codes: it has no option TOTP_AUTH",
		seed + "\n\" TOTP_AUTH\n\" OTP_DISABLED\n\" TIME_SKEW 4\n\" STEP_SIZE 5\n\" DISALLOW_REUSE x\n1234567\n": "f:3: the second factor is turned off there (OTP_DISABLED)\n" +
			"f:4: the phone's clock is wrong (TIME_SKEW); set it right there, and remove the line\n" +
			"f:5: STEP_SIZE: the period is not 15 to 300 seconds\n" +
			"f:6: DISALLOW_REUSE is followed by something else than numbers of time steps\n" +
			"f:7: a recovery code is shorter than 8 characters",
		"otpauth://totp/?secret=" + seed + "\nada\notpauth://hotp/ada?secret=" + seed: "f:1: the URI names no user\n" +
			"f:2: not an otpauth:// URI\nf:3: not for time-based codes: only otpauth://totp/ is known",
		"ada," + seed + "\nbob," + seed: "f:1: the first line has to name the columns, and column 1 is none of user, secret, uri, " +
			"algorithm, digits, period, recovery_codes, or is there twice",
		"user,user\n":     "f:1: the first line has to name the columns, and column 2 is none of user, secret, uri, algorithm, digits, period, recovery_codes, or is there twice",
		"secret,digits\n": "f:1: there is no column \"user\"",
		"user,secret,uri,digits,recovery_codes\n," + seed + ",,,\nbob," + seed + ",otpauth://,,\nx\neve,x,,9,1234\nmia," + seed + ",,,": "f:2: there is no user\n" +
			"f:3: both a secret and a URI\nf:4: a row of 1 cells, and the first line names 5 columns\nf:5: the secret has 0 bits, at least 80 are needed\n" +
			"f:5: the number of digits is not 6, 7 or 8\nf:5: a recovery code is shorter than 8 characters",
		"user,secret\nada,\"" + seed: "f:2: extraneous or missing \" in quoted-field",
	} {
		_, err := migrate.Read("f", secret.FromString(content))
		if err == nil || err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", content, err, want)
		}
		if err != nil && strings.Contains(err.Error(), seed[:6]) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

// Whatever a file holds, an entry has a secret unless a table may leave it out, and
// no error quotes a word that is as long as one.
func FuzzRead(f *testing.F) {
	f.Add(seed + "\n\" TOTP_AUTH\n18222228\n")
	f.Add("user,secret,recovery_codes\nada," + seed + ",12345678 87654321\n")
	f.Add("otpauth://totp/X:ada?secret=" + seed + "\n")
	f.Fuzz(func(t *testing.T, content string) {
		all, err := migrate.Read("f", secret.FromString(content))
		for _, e := range all {
			if e.Seed.Empty() && !strings.Contains(strings.ToLower(content), "user") {
				t.Errorf("%q: no secret, and no fault: %+v", content, e)
			}
		}
		for word := range strings.FieldsSeq(content) {
			if err != nil && len(word) >= 16 && strings.Contains(err.Error(), word) {
				t.Errorf("%q is in %v", word, err)
			}
		}
	})
}
