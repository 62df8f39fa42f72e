// The pool of redigo, logged in with roles of examples/users.acl. It knows neither Sentinels nor clusters.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gomodule/redigo/redis"
)

var servers struct {
	Single struct {
		Host string
		Port int
	}
	Password string
}

// Returns a pool whose idle connections are checked with PING.
func pool(role string) *redis.Pool {
	address := fmt.Sprintf("%s:%d", servers.Single.Host, servers.Single.Port)
	return &redis.Pool{
		MaxIdle: 3,
		Dial: func() (redis.Conn, error) {
			return redis.Dial("tcp", address, redis.DialUsername(role), redis.DialPassword(servers.Password),
				redis.DialDatabase(1), redis.DialClientName(role))
		},
		TestOnBorrow: func(conn redis.Conn, _ time.Time) error {
			_, err := conn.Do("PING")
			return err
		},
	}
}

// Logs in, is verified by another program, stays logged in, and logs out.
func session(app, verifier *redis.Pool, key string) error {
	conn, other := app.Get(), verifier.Get()
	defer conn.Close()
	defer other.Close()
	tokens, err := tokensOf(conn.Do("AUTH.ISSUE", key, "FORMAT", "JSON"))
	if err != nil {
		return err
	}
	if tokens, err = tokensOf(conn.Do("AUTH.REFRESH", key, tokens.Refresh, "FORMAT", "JSON")); err != nil {
		return err
	}
	if _, err := other.Do("AUTH.VERIFY", key, tokens.Access); err != nil {
		return err
	}
	conn.Send("MULTI")
	conn.Send("AUTH.REVOKE", key, "SESSION", tokens.Session)
	conn.Send("AUTH.SESSIONS", key)
	if ended, err := redis.Values(conn.Do("EXEC")); err != nil || ended[0] != int64(1) {
		return fmt.Errorf("revoked %v, %v", ended, err)
	}
	if _, err := conn.Do("WAIT", 0, 100); err != nil {
		return err
	}
	if _, err := other.Do("AUTH.VERIFY", key, tokens.Access); err == nil || !strings.HasPrefix(err.Error(), "NOSESSION") {
		return fmt.Errorf("after the logout: %v", err)
	}
	return nil
}

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Session string `json:"session_id"`
}

func tokensOf(reply interface{}, err error) (found tokens, _ error) {
	text, err := redis.Bytes(reply, err)
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(text, &found)
}

func main() {
	if err := json.Unmarshal([]byte(os.Args[2]), &servers); err != nil {
		panic(err)
	}
	app, verifier := pool("app"), pool("verifier")
	var users sync.WaitGroup
	for user := 0; user < 8; user++ {
		users.Add(1)
		go func(key string) {
			defer users.Done()
			if err := session(app, verifier, key); err != nil {
				panic(err)
			}
		}(fmt.Sprintf("auth:pool%d", user))
	}
	users.Wait()
}
