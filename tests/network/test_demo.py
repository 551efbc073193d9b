from django.utils import timezone

from network import demo
from network.models import AuditEvent, Member, Membership, Network


def test_the_demonstration_loads_twice_with_the_same_result(db: None) -> None:
    now = timezone.now()
    demo.load(now)
    first = (Member.objects.count(), Membership.objects.count(), AuditEvent.objects.count())
    demo.load(now)

    assert (Member.objects.count(), Membership.objects.count(), AuditEvent.objects.count()) == first
    assert {network.name: network.published_members for network in Network.objects.all()} == {
        "AI Network": 450,
        "AI Practitioners Network": 250,
    }


def test_everybody_in_the_demonstration_is_plainly_invented(db: None) -> None:
    demo.load(timezone.now())

    assert all(member.email.endswith(".example.org") for member in Member.objects.all())


def test_somebody_waits_to_be_let_in(db: None) -> None:
    demo.load(timezone.now())

    assert Membership.objects.requested().get().member == demo.member("priya")
