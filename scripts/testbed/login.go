package testbed

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

const askTimeout = 15 * time.Second

var errExited = errors.New("the client process is gone")

// Login connects and enters name and password when the client asks. It returns
// before the server has answered; Next tells what came of it.
func (c *Client) Login(user, password string) error {
	if err := c.connect(); err != nil {
		return err
	}
	if err := c.wait(&c.asked, askTimeout); err != nil {
		return err
	}
	return c.Enter(user, password)
}

// LoginStatic is Login with the answer to the static challenge.
func (c *Client) LoginStatic(user, password, response string) error {
	return c.Login(user, Static(password, response))
}

// Answer connects anew with the response to a dynamic challenge, as a client does.
func (c *Client) Answer(challenge *Challenge, response string) error {
	return c.Login(challenge.User, Dynamic(challenge.State, response))
}

// Respond answers a prompt in the connection (crtext).
func (c *Client) Respond(response string) error {
	return c.send("cr-response " + quote(base64.StdEncoding.EncodeToString([]byte(response))))
}

// Retry connects again with the credentials that the client kept after Temporary
// or Dropped.
func (c *Client) Retry() error {
	if err := c.wait(&c.holding, askTimeout); err != nil {
		return err
	}
	return c.release()
}

// Restart ends the connection and lets the client hold, ready for another Login.
func (c *Client) Restart() error {
	if err := c.send("signal SIGUSR1"); err != nil {
		return err
	}
	return c.wait(&c.holding, askTimeout)
}

// Visit connects once, has to be let in, and hangs up. It returns how long the login took.
func (c *Client) Visit(user, password string, timeout time.Duration) (time.Duration, error) {
	if err := c.Login(user, password); err != nil {
		return 0, err
	}
	event, err := c.Next(timeout)
	if err == nil && event.Kind != Connected {
		err = fmt.Errorf("the client was not let in: %+v", event)
	}
	return event.Took, errors.Join(err, c.Restart())
}

// Token is the auth-token that the server pushed last, or "" without one.
func (c *Client) Token() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	const announced = "< >PASSWORD:Auth-Token:"
	transcript := c.transcript.String()
	i := strings.LastIndex(transcript, announced)
	if i < 0 {
		return ""
	}
	token, _, _ := strings.Cut(transcript[i+len(announced):], "\n")
	return token
}

// Next waits for the next thing that happens. An error means that nothing did
// within timeout, and shows the end of the client's log.
func (c *Client) Next(timeout time.Duration) (Event, error) {
	deadline := time.Now().Add(timeout)
	for {
		line, err := c.line(deadline)
		if errors.Is(err, errExited) {
			return Event{Kind: Exited, Took: time.Since(c.began)}, nil
		}
		if err != nil {
			return Event{}, withTail(fmt.Errorf("client: no event within %v: %w", timeout, err), c.LogPath)
		}
		if e, ok := parseEvent(line); ok {
			e.Took = time.Since(c.began)
			return e, nil
		}
	}
}

// connect releases a holding client that has forgotten earlier credentials.
func (c *Client) connect() error {
	if err := c.wait(&c.holding, askTimeout); err != nil {
		return err
	}
	if err := c.send("forget-passwords"); err != nil {
		return err
	}
	return c.release()
}

func (c *Client) release() error {
	c.holding, c.asked, c.began = false, false, time.Now()
	return c.send("hold release")
}

// Enter gives credentials to a client that Asked by itself.
func (c *Client) Enter(user, password string) error {
	c.asked = false
	if err := c.send(`username "Auth" ` + quote(user)); err != nil {
		return err
	}
	return c.send(`password "Auth" ` + quote(password))
}

// wait reads lines until one of them has set the flag.
func (c *Client) wait(flag *bool, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for !*flag {
		if _, err := c.line(deadline); err != nil {
			return withTail(fmt.Errorf("client: waiting to hold or to be asked: %w", err), c.LogPath)
		}
	}
	return nil
}

// line takes the next line and keeps in mind what the client waits for.
func (c *Client) line(deadline time.Time) (string, error) {
	select {
	case line, ok := <-c.lines:
		if !ok {
			return "", errExited
		}
		c.holding = c.holding || strings.HasPrefix(line, ">HOLD:")
		c.asked = c.asked || strings.HasPrefix(line, ">PASSWORD:Need 'Auth'")
		return line, nil
	case <-time.After(time.Until(deadline)):
		return "", errTimeout
	}
}
