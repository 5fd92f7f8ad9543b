package migrate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
)

// optionMark begins an option's line (google-authenticator-libpam, FILEFORMAT).
const optionMark = `" `

// readGoogle reads a file of google-authenticator: the secret, options, and codes
// of eight digits, each good once.
func readGoogle(name, text string) (Entry, error) {
	e := Entry{Place: name, Form: challenge.TOTP{Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}}
	var faults []error
	var steps []uint64
	timeBased := false
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, "\r ")
		e.Place = fmt.Sprintf("%s:%d", name, number+1)
		var err error
		switch option, isOption := strings.CutPrefix(line, optionMark); {
		case number == 0:
			if e.Seed, err = challenge.ParseSeed(secret.FromString(line)); err != nil {
				err = e.fault("%w", err)
			}
		case isOption:
			kind, arguments, _ := strings.Cut(option, " ")
			timeBased = timeBased || kind == "TOTP_AUTH"
			steps, err = e.googleOption(kind, strings.Fields(arguments), steps)
		case line != "":
			err = e.addRecoveryCode(line)
		}
		faults = append(faults, err)
	}
	e.Place = name
	if !timeBased {
		faults = append(faults, e.fault("not for time-based codes: it has no option TOTP_AUTH"))
	}
	for _, step := range steps {
		e.SpentStep = max(e.SpentStep, step*uint64(e.Form.Period/time.Second))
	}
	return e, errors.Join(faults...)
}

// googleOption knows what changes the codes. What bounds attempts is the
// configuration's affair here: limits, and totp.skew.
func (e *Entry) googleOption(kind string, arguments []string, spent []uint64) ([]uint64, error) {
	switch {
	case kind == "STEP_SIZE" && len(arguments) == 1:
		if err := e.Form.ParseForm("", "", arguments[0]); err != nil {
			return spent, e.fault("STEP_SIZE: %w", err)
		}
	case kind == "DISALLOW_REUSE":
		for _, a := range arguments {
			step, err := strconv.ParseUint(a, 10, 32)
			if err != nil {
				return spent, e.fault("DISALLOW_REUSE is followed by something else than numbers of time steps")
			}
			spent = append(spent, step)
		}
	case kind == "HOTP_COUNTER":
		return spent, e.fault("for codes that are counted (HOTP_COUNTER), not time-based ones")
	case kind == "OTP_DISABLED":
		return spent, e.fault("the second factor is turned off there (OTP_DISABLED)")
	case kind == "TIME_SKEW" && len(arguments) == 1 && arguments[0] != "0":
		return spent, e.fault("the phone's clock is wrong (TIME_SKEW); set it right there, and remove the line")
	}
	return spent, nil
}
