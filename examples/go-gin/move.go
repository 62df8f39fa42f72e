package main

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gomodule/redigo/redis"
)

// move logs in who is logged in the old way: by the hash user:<id> with the fields UserID and AuthToken.
//
// The session id is written into the old hash first, so that two tabs, or a second attempt after a lost answer, get the
// same session. The old login ends a minute later.
func (front *front) move(hallpass *Hallpass) gin.HandlerFunc {
	return func(c *gin.Context) {
		var old struct{ UserID, AuthToken string }
		if c.ContentType() != gin.MIMEJSON || c.ShouldBindJSON(&old) != nil {
			c.AbortWithStatusJSON(http.StatusBadRequest, gin.H{"error": "invalid_request"})
			return
		}
		key := "user:" + old.UserID
		known, err := redis.String(hallpass.Do("HGET", key, "AuthToken"))
		isSame := known != "" && subtle.ConstantTimeCompare([]byte(known), []byte(old.AuthToken)) == 1
		if err == redis.ErrNil || err == nil && !isSame {
			err = errRefused
		}
		if refuse(c, err) {
			return
		}
		_, err = hallpass.Do("HSETNX", key, "Session", newSessionID())
		if refuse(c, err) {
			return
		}
		session, err := redis.String(hallpass.Do("HGET", key, "Session"))
		if refuse(c, err) {
			return
		}
		front.begin(c, gin.H{"subject": old.UserID, "session_id": session, "cookie": true})
		if c.Writer.Status() == http.StatusOK {
			hallpass.Do("EXPIRE", key, 60)
		}
	}
}

// newSessionID returns a UUIDv7.
func newSessionID() string {
	var id [16]byte
	rand.Read(id[6:])
	for place, now := 5, time.Now().UnixMilli(); place >= 0; place-- {
		id[place] = byte(now)
		now >>= 8
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
