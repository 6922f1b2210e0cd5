#!/usr/bin/env python3
"""Receives Plimsoll's alerts, checks their signature, prints them.

    python3 webhook_receiver.py 18095 /var/lib/plimsoll/webhook.secret
"""
import base64, hashlib, hmac, http.server, json, sys, time


def verify(secret, headers, body, now):
    """Tell whether a message is genuine and at most five minutes old."""
    msg_id, stamp = headers["webhook-id"], headers["webhook-timestamp"]
    if not msg_id or not stamp or not stamp.isdigit() or abs(now - int(stamp)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{msg_id}.{stamp}.".encode() + body
    want = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = (headers["webhook-signature"] or "").split()
    return any(hmac.compare_digest(f"v1,{want}".encode(), s.encode()) for s in given)


class Receiver(http.server.BaseHTTPRequestHandler):
    secret = ""
    seen = set()  # ids that were handled: a repeat is allowed, and verifies

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        ok = verify(self.secret, self.headers, body, time.time())
        self.send_response(204 if ok else 401)
        self.end_headers()
        if ok and self.headers["webhook-id"] not in self.seen:
            self.seen.add(self.headers["webhook-id"])
            print(self.headers, json.dumps(json.loads(body), indent=2), flush=True)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    Receiver.secret = open(sys.argv[2]).read().strip()
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
