/**
 * Renews the cookie before a page is rendered, since rendering cannot set one. The page still asks by itself who looks at
 * it: nothing depends on this having run.
 */

import { NextResponse } from "next/server";

import { verify } from "./lib/hallpass.js";

export const config = { matcher: ["/"] };

export async function proxy(request) {
  if (!request.headers.has("cookie")) return NextResponse.next();
  const verified = await verify(request.headers, request.method);
  if (verified.status === 503) return new Response("Please try again in a moment.", { status: 503, headers: { "Retry-After": "1" } });
  const lines = verified.headers.getSetCookie();
  if (lines.length === 0) return NextResponse.next();
  // The page that is rendered now sees the new cookie, and so does the browser.
  for (const line of lines) request.cookies.set(...line.split(";")[0].split("="));
  const response = NextResponse.next({ request });
  for (const line of lines) response.headers.append("Set-Cookie", line);
  response.headers.set("Cache-Control", "private, no-store");
  return response;
}
