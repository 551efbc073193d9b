"""Mails as the programs of officers write them, answering one of ours."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate

THREAD_MAIL = (
    "Bob Belongs wrote in “Minutes”:\n\nWho records meetings?\n\nStop mail about this: https://hub.example.org/stop/x/"
)


def quoted(text: str = THREAD_MAIL) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def gmail(words: str) -> str:
    return (
        f"{words}\n\nOn Mon, 2 Mar 2026 at 09:12, Guildhall <\nreply+1-2-3-abcdefgh@guildhall.example.org> wrote:\n\n"
        f"{quoted()}\n"
    )


def gmail_html(words: str) -> str:
    return (
        f'<div dir="ltr">{words}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" '
        'class="gmail_attr">On Mon, 2 Mar 2026 at 09:12, Guildhall &lt;<a href="mailto:x@example.org">x@example.org</a>'
        '&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0"><p>Who records meetings?</p>'
        "</blockquote></div>"
    )


def outlook(words: str, name: str = "Olive Officer") -> str:
    return (
        f"{words}\n\nKind regards\n{name}\nDigital Team | Exampleshire County Council\nTel: 01632 960000\n\n\n"
        "________________________________\nFrom: Guildhall <guildhall@example.org>\nSent: 02 March 2026 09:12\n"
        "To: Olive Officer <olive@exampleshire.example.org>\nSubject: [EXTERNAL] Minutes\n\n"
        f"This email came from outside the council.\n\n{THREAD_MAIL}\n"
    )


def outlook_html(words: str) -> str:
    return (
        '<html><head><style type="text/css">P {margin-top:0;}</style></head><body dir="ltr">'
        f'<div class="elementToProof">{words}</div><div id="appendonsend"></div><hr style="width:98%">'
        '<div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Guildhall &lt;guildhall@example.org&gt;<br><b>Sent:</b> 02 '
        "March 2026 09:12<br><b>To:</b> Olive<br><b>Subject:</b> Minutes</div><div><p>Who records meetings?</p></div>"
        "</body></html>"
    )


def classic_outlook_html(words: str) -> str:
    return (
        f'<html><body lang="EN-GB"><div class="WordSection1"><p class="MsoNormal">{words}<o:p></o:p></p>'
        '<div><div style="border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>From:</b> Guildhall '
        "&lt;guildhall@example.org&gt; <br><b>Sent:</b> 02 March 2026 09:12<br><b>To:</b> Olive<br><b>Subject:</b> "
        'Minutes<o:p></o:p></p></div></div><p class="MsoNormal">Who records meetings?<o:p></o:p></p></div></body>'
        "</html>"
    )


def apple(words: str) -> str:
    return (
        f"{words}\n\nSent from my iPhone\n\n> On 2 Mar 2026, at 09:12, Guildhall <guildhall@example.org> wrote:\n> \n"
        f"> \ufeff\n{quoted()}\n"
    )


def thunderbird(words: str) -> str:
    return f"On 02/03/2026 09:12, Guildhall wrote:\n{quoted()}\n\n{words}\n\n-- \nOlive Officer\nExampleshire\n"


def original_message(words: str) -> str:
    return f"{words}\n\n-----Original Message-----\nFrom: Guildhall\nSent: 02 March 2026\nTo: Olive\n\n{THREAD_MAIL}\n"


def message(
    text: str = "",
    *,
    to: str,
    sender: str,
    html: str = "",
    message_id: str = "<one@mail.example.org>",
    files: int = 0,
    **heads: str,
) -> EmailMessage:
    """`heads`: such as `auto_submitted="auto-replied"`."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, "Re: Minutes"
    mail["Date"] = formatdate()
    if message_id:
        mail["Message-ID"] = message_id
    for name, value in heads.items():
        mail[name.replace("_", "-").title()] = value
    if text:
        mail.set_content(text)
    if html and text:
        mail.add_alternative(html, subtype="html")
    elif html:
        mail.set_content(html, subtype="html")
    for number in range(files):
        mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename=f"Minutes {number}.pdf")
    return mail
