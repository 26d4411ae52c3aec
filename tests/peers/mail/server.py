"""A mail server (aiosmtpd) that misbehaves as the recipient's address says. It prints every accepted mail as a line of JSON
on standard output. The part of an address before a dash is an instruction, its number how often it applies: defer1-… is
deferred at RCPT, refuse-… is refused permanently, drop1-… is accepted and the connection closed without a reply, slow1-… is
accepted and never answered, later1-… is deferred after the content, never-… is refused permanently after the content."""
import argparse
import asyncio
import base64
import json
import re
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

seen = {}


def ordered(word, address):
    found = re.match(rf"{word}(\d+)-", address)
    if not found:
        return False
    key = (word, address)
    seen[key] = seen.get(key, 0) + 1
    return seen[key] <= int(found.group(1))


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refuse-"):
            return "550 5.1.1 no such mailbox\x1b[31m"
        if ordered("defer", address):
            return "450 4.2.1 mailbox busy"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        [address] = envelope.rcpt_tos
        if address.startswith("never-"):
            return "554 5.7.1 not wanted"
        if ordered("later", address):
            return "451 4.3.0 later"
        content = base64.b64encode(envelope.original_content).decode()
        line = {"to": address, "from": envelope.mail_from, "content": content, "tls": session.ssl is not None}
        print(json.dumps(line), flush=True)
        if ordered("drop", address):
            server.transport.abort()
            await asyncio.sleep(3600)
        if ordered("slow", address):
            await asyncio.sleep(3600)
        return "250 2.0.0 queued"


async def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--certificate")
    flags.add_argument("--key")
    flags.add_argument("--password")
    flags = flags.parse_args()
    options = {"hostname": "localhost"}
    if flags.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(flags.certificate, flags.key)
        options |= {"tls_context": context, "require_starttls": True}
    if flags.password:

        def judge(server, session, envelope, mechanism, data):
            right = data.password == flags.password.encode() and data.login == b"outpay"
            return AuthResult(success=right, handled=False)

        options |= {"authenticator": judge, "auth_required": True, "auth_require_tls": bool(flags.certificate)}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), loop=loop, **options), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


asyncio.run(main())
