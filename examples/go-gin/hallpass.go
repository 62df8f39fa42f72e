package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gomodule/redigo/redis"
)

// errRefused says that a token is good for nothing. Every other error is an outage, and logs nobody out.
var errRefused = errors.New("the token is refused")

// Hallpass asks Redis about access tokens and sessions.
type Hallpass struct{ pool *redis.Pool }

// NewHallpass takes the address of Redis, as "host:port" or as a URL.
func NewHallpass(address string) *Hallpass {
	if !strings.Contains(address, "://") {
		address = "redis://" + address
	}
	limits := []redis.DialOption{
		redis.DialConnectTimeout(3 * time.Second), redis.DialReadTimeout(3 * time.Second), redis.DialWriteTimeout(3 * time.Second),
	}
	dial := func() (redis.Conn, error) { return redis.DialURL(address, limits...) }
	return &Hallpass{&redis.Pool{MaxIdle: 16, IdleTimeout: time.Minute, Dial: dial}}
}

// Do sends a command. It is sent once more if the connection had been closed meanwhile: so use it for commands that may
// be repeated.
func (hallpass *Hallpass) Do(command string, arguments ...interface{}) (interface{}, error) {
	conn := hallpass.pool.Get()
	reply, err := conn.Do(command, arguments...)
	conn.Close()
	var refusal redis.Error
	if err == nil || errors.As(err, &refusal) {
		return reply, err
	}
	fresh, err := hallpass.pool.Dial()
	if err != nil {
		return nil, err
	}
	defer fresh.Close()
	return fresh.Do(command, arguments...)
}

// User is who asks.
type User struct {
	ID      string
	Session string
	Name    string
}

// Verify returns whose access token this is.
func (hallpass *Hallpass) Verify(token string) (*User, error) {
	subject := subjectOf(token)
	if subject == "" {
		return nil, errRefused
	}
	text, err := redis.Bytes(hallpass.Do("AUTH.VERIFY", keyOf(subject), token))
	var refusal redis.Error
	if errors.As(err, &refusal) {
		switch code, _, _ := strings.Cut(string(refusal), " "); code {
		case "INVALIDTOKEN", "EXPIREDTOKEN", "NOSESSION", "STALETOKEN":
			return nil, errRefused
		}
	}
	if err != nil {
		return nil, err
	}
	var claims struct{ Sub, Sid, Name string }
	err = json.Unmarshal(text, &claims)
	return &User{claims.Sub, claims.Sid, claims.Name}, err
}

// Sessions returns where a user is logged in, the newest first.
func (hallpass *Hallpass) Sessions(user *User) ([]map[string]interface{}, error) {
	text, err := redis.Bytes(hallpass.Do("AUTH.SESSIONS", keyOf(user.ID), "FORMAT", "JSON"))
	if err != nil {
		return nil, err
	}
	var sessions []map[string]interface{}
	err = json.Unmarshal(text, &sessions)
	for _, session := range sessions {
		session["current"] = session["sid"] == user.Session
	}
	return sessions, err
}

// LogOutEverywhere ends all sessions of a user, and returns how many there were.
func (hallpass *Hallpass) LogOutEverywhere(user *User) (int, error) {
	return redis.Int(hallpass.Do("AUTH.REVOKE", keyOf(user.ID), "ALL"))
}

// RequireLogin is the middleware: it lets a request through if its access token is good.
func (hallpass *Hallpass) RequireLogin(c *gin.Context) {
	user, err := hallpass.Verify(bearer(c))
	if refuse(c, err) {
		return
	}
	c.Set("user", user)
	c.Next()
}

// refuse answers an error, and returns whether there was one: 401 for a refused token, 503 for an outage.
func refuse(c *gin.Context, err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, errRefused):
		c.Header("WWW-Authenticate", "Bearer")
		c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "invalid_token"})
	default:
		c.Error(err)
		c.Header("Retry-After", "1")
		c.AbortWithStatusJSON(http.StatusServiceUnavailable, gin.H{"error": "temporarily_unavailable"})
	}
	return true
}

// bearer returns the access token of a request.
func bearer(c *gin.Context) string {
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// keyOf returns the Redis key of a user; "auth:*" is the default of hallpass.key-pattern.
func keyOf(subject string) string { return "auth:" + subject }

// subjectOf reads the user from an access token, to find the key. This proves nothing; the command checks the token.
func subjectOf(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct{ Sub string }
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return ""
	}
	return claims.Sub
}
