// Whether golang-jwt takes an access token. It fetches no keys and checks no audience by itself, so the program does both.
// Prints JSON: for each library whether it takes the token, and whether it takes one without client_id.
package main

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/golang-jwt/jwt"
)

type facts struct {
	Issuer, Audience, Alg, Socket string
	Secrets                       map[string]string
}

type key struct {
	Kid, Kty, X, Y, N, E string
}

var server facts

// Returns the public key of a JWK.
func (k key) public() crypto.PublicKey {
	number := func(text string) *big.Int { return new(big.Int).SetBytes(decode(text)) }
	switch k.Kty {
	case "OKP":
		return ed25519.PublicKey(decode(k.X))
	case "EC":
		return &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(k.X), Y: number(k.Y)}
	default:
		return &rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}
	}
}

func decode(text string) []byte {
	octets, err := base64.RawURLEncoding.DecodeString(text)
	must(err)
	return octets
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Returns the key that a token names.
func published(token *jwt.Token) (interface{}, error) {
	response, err := http.Get(server.Issuer + "/.well-known/jwks.json")
	must(err)
	defer response.Body.Close()
	var set struct{ Keys []key }
	must(json.NewDecoder(response.Body).Decode(&set))
	for _, key := range set.Keys {
		if key.Kid == token.Header["kid"] {
			return key.public(), nil
		}
	}
	return nil, errors.New("unknown key")
}

// Returns whether the library accepts a token for an audience.
func accepts(text, audience string) bool {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{server.Alg}))
	claims := jwt.MapClaims{}
	_, err := parser.ParseWithClaims(text, claims, published)
	return err == nil && claims.VerifyIssuer(server.Issuer, true) && claims.VerifyAudience(audience, true)
}

// Returns the access token of a new session.
func login(client string) string {
	body := strings.NewReader(`{"subject":"alice"}`)
	request, err := http.NewRequest("POST", server.Issuer+"/sessions", body)
	must(err)
	request.SetBasicAuth(client, server.Secrets[client])
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	must(err)
	defer response.Body.Close()
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	must(json.NewDecoder(response.Body).Decode(&tokens))
	return tokens.AccessToken
}

// Returns the access token of a session that no client issued: the application sent the command itself.
func withoutClientID() string {
	redis, err := net.Dial("unix", server.Socket)
	must(err)
	defer redis.Close()
	fmt.Fprint(redis, "AUTH.ISSUE auth:alice\r\n")
	for lines := bufio.NewScanner(redis); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "eyJ") {
			return lines.Text()
		}
	}
	panic("no token")
}

// Returns the token with another signature.
func forged(token string) string {
	end := strings.LastIndex(token, ".") + 1
	octets := decode(token[end:])
	octets[10] ^= 1
	return token[:end] + base64.RawURLEncoding.EncodeToString(octets)
}

func main() {
	must(json.Unmarshal([]byte(os.Args[2]), &server))
	token := login("shop-front.v1_x")
	if accepts(forged(token), server.Audience) || accepts(token, "elsewhere") {
		panic("golang-jwt accepts what it must not")
	}
	accepted := []bool{accepts(token, server.Audience), accepts(withoutClientID(), server.Audience)}
	answer, err := json.Marshal(map[string][]bool{"golang-jwt": accepted})
	must(err)
	fmt.Println(string(answer))
}
