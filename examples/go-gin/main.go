// A Gin application with Hallpass; docs/stacks/go-gin.md explains it.
//
// Environment: PORT (3000), REDIS_URL (redis://127.0.0.1:6380, or host:port), HALLPASS_URL (http://127.0.0.1:8080),
// HALLPASS_CLIENT_ID (local), HALLPASS_CLIENT_SECRET or HALLPASS_CLIENT_SECRET_FILE (data/client-secret), and
// ALLOWED_ORIGIN, the origin of a page that is served elsewhere.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// users is what a real application has in its database, with hashed passwords.
var users = map[string]struct{ id, name, password string }{
	"ada":   {"42", "Ada", "demo"},
	"grace": {"43", "Grace", "demo"},
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	hallpass := NewHallpass(env("REDIS_URL", "redis://127.0.0.1:6380"))
	if _, err := hallpass.Do("PING"); err != nil {
		log.Printf("Redis does not answer yet: %v", err)
	}
	front := newFront()
	router := gin.New()
	// Gin believes every caller's X-Forwarded-For. Behind a proxy of yours, name its address here instead.
	if err := router.SetTrustedProxies(nil); err != nil {
		log.Fatal(err)
	}
	router.Use(gin.Recovery(), cors(os.Getenv("ALLOWED_ORIGIN")))

	router.POST("/login", front.login)
	router.POST("/set-cache", front.exchange)
	router.POST("/move", front.move(hallpass))
	router.POST("/token", gin.WrapH(front.proxy))
	router.POST("/revoke", gin.WrapH(front.proxy))
	router.GET("/check-expiration", checkExpiration(hallpass))

	api := router.Group("/api", hallpass.RequireLogin)
	api.GET("/hello", hello)
	api.GET("/devices", devices(hallpass))
	api.DELETE("/devices", logOutEverywhere(hallpass))

	// The React page: login, silent refresh, devices, logout.
	router.StaticFile("/", "examples/go-gin/react/index.html")
	router.StaticFile("/react.js", "target/go-gin-page.js")
	router.StaticFile("/page.css", "examples/browser/page.css")

	address := "127.0.0.1:" + env("PORT", "3000")
	log.Printf("The example listens on http://%s", address)
	log.Fatal(router.Run(address))
}

func hello(c *gin.Context) {
	user := c.MustGet("user").(*User)
	c.JSON(http.StatusOK, gin.H{"user": user.Name + " (" + user.ID + ")", "message": "Hello " + user.Name})
}

func devices(hallpass *Hallpass) gin.HandlerFunc {
	return func(c *gin.Context) {
		sessions, err := hallpass.Sessions(c.MustGet("user").(*User))
		if !refuse(c, err) {
			c.JSON(http.StatusOK, gin.H{"sessions": sessions})
		}
	}
}

func logOutEverywhere(hallpass *Hallpass) gin.HandlerFunc {
	return func(c *gin.Context) {
		ended, err := hallpass.LogOutEverywhere(c.MustGet("user").(*User))
		if !refuse(c, err) {
			c.JSON(http.StatusOK, gin.H{"revoked": ended})
		}
	}
}

// checkExpiration tells whether the login of the caller has ended. It is asked with a token, since anybody can know an id.
func checkExpiration(hallpass *Hallpass) gin.HandlerFunc {
	return func(c *gin.Context) {
		_, err := hallpass.Verify(bearer(c))
		if errors.Is(err, errRefused) || !refuse(c, err) {
			c.JSON(http.StatusOK, gin.H{"expired": err != nil})
		}
	}
}

// front is hallpass-server, which begins sessions and keeps the cookie.
type front struct {
	url, id, secret string
	client          *http.Client
	proxy           *httputil.ReverseProxy
}

func newFront() *front {
	address := env("HALLPASS_URL", "http://127.0.0.1:8080")
	target, err := url.Parse(address)
	if err != nil {
		log.Fatal("HALLPASS_URL: ", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 10 * time.Second
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = transport
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
		log.Print(err)
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	return &front{address, env("HALLPASS_CLIENT_ID", "local"), clientSecret(), &http.Client{Transport: transport}, proxy}
}

func clientSecret() string {
	if secret := os.Getenv("HALLPASS_CLIENT_SECRET"); secret != "" {
		return secret
	}
	secret, err := os.ReadFile(env("HALLPASS_CLIENT_SECRET_FILE", "data/client-secret"))
	if err != nil {
		log.Fatal(err)
	}
	return strings.TrimSpace(string(secret))
}

// login checks the password, and begins a session.
func (front *front) login(c *gin.Context) {
	var credentials struct{ Name, Password string }
	if c.ContentType() != gin.MIMEJSON || c.ShouldBindJSON(&credentials) != nil {
		c.AbortWithStatusJSON(http.StatusBadRequest, gin.H{"error": "invalid_request"})
		return
	}
	user, isKnown := users[credentials.Name]
	if !isKnown || user.password != credentials.Password {
		c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "access_denied"})
		return
	}
	front.begin(c, gin.H{"subject": user.id, "claims": gin.H{"name": user.name}, "meta": device(c), "cookie": true})
}

// device tells the user later which login this is.
func device(c *gin.Context) gin.H { return gin.H{"agent": fmt.Sprintf("%.200s", c.Request.UserAgent())} }

// begin begins a session, and answers with its access token and its cookie.
func (front *front) begin(c *gin.Context, session gin.H) {
	body, err := json.Marshal(session)
	if refuse(c, err) {
		return
	}
	request, err := http.NewRequest("POST", front.url+"/sessions", bytes.NewReader(body))
	if refuse(c, err) {
		return
	}
	request.Header.Set("Content-Type", "application/json")
	request.SetBasicAuth(front.id, front.secret)
	front.passOn(c, request)
}

// exchange takes what the page of today sends after its login at Firebase, and begins a session with it.
func (front *front) exchange(c *gin.Context) {
	var login struct{ AuthToken string }
	if c.ContentType() != gin.MIMEJSON || c.ShouldBindJSON(&login) != nil {
		c.AbortWithStatusJSON(http.StatusBadRequest, gin.H{"error": "invalid_request"})
		return
	}
	form := url.Values{
		"grant_type":         {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token_type": {"urn:ietf:params:oauth:token-type:id_token"},
		"subject_token":      {login.AuthToken},
		"cookie":             {"true"},
	}
	request, err := http.NewRequest("POST", front.url+"/token", strings.NewReader(form.Encode()))
	if refuse(c, err) {
		return
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Hallpass", "1")
	request.Header.Set("X-Forwarded-For", c.ClientIP())
	front.passOn(c, request)
}

// passOn sends a request to Hallpass, and answers what Hallpass answers.
func (front *front) passOn(c *gin.Context, request *http.Request) {
	answer, err := front.client.Do(request.WithContext(c.Request.Context()))
	if refuse(c, err) {
		return
	}
	defer answer.Body.Close()
	for _, name := range []string{"Content-Type", "Cache-Control", "Retry-After", "Set-Cookie"} {
		for _, value := range answer.Header.Values(name) {
			c.Writer.Header().Add(name, value)
		}
	}
	status := answer.StatusCode
	if status == http.StatusCreated {
		status = http.StatusOK
	}
	c.Status(status)
	io.Copy(c.Writer, answer.Body)
}

// cors lets scripts of one other origin call this server with the cookie, and answers what a browser asks first.
func cors(origin string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if origin == "" {
			return
		}
		c.Header("Vary", "Origin")
		if c.GetHeader("Origin") == origin {
			c.Header("Access-Control-Allow-Origin", origin)
			c.Header("Access-Control-Allow-Credentials", "true")
			c.Header("Access-Control-Allow-Methods", "GET, POST, DELETE")
			c.Header("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Hallpass")
			c.Header("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate")
			c.Header("Access-Control-Max-Age", "600")
			if c.Request.Method == http.MethodOptions {
				c.AbortWithStatus(http.StatusNoContent)
			}
		}
	}
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
