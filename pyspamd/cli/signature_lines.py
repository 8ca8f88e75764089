"""What `pyspamd verify` prints for people: a line for the file, a few for each signature."""

from typing import Any


def as_text(answer: dict[str, Any]) -> str:
    """One message's report, as `Reporter.report` makes it."""
    lines = [f"{answer['file']}: {answer.get('error') or len(answer['signatures']) or 'no signatures'}"]
    for told in answer["signatures"]:
        lines += signature_lines(told)
    if "arc" in answer:
        lines.append(f"  ARC chain: {_with_reason(answer['arc'])}")
    if answer.get("truncated"):
        lines.append("  the message is marked as truncated")
    lines += [f"  {claim['words']}" for claim in answer.get("claims", ())]
    lines += [f"  cannot be read: {problem}" for problem in answer.get("unreadable_claims", ())]
    lines += [f"  DISAGREES: {words}" for words in answer.get("disagreements", ())]
    return "\n".join(lines)


def signature_lines(told: dict[str, Any]) -> list[str]:
    """The lines of one signature: what it is worth, its key, what it covers, what there is to mind."""
    lines = [f"  {title(told)}: {_with_reason(told)}"]
    if "key_name" in told:
        bits = f", {told['key_bits']} bits" if "key_bits" in told else ""
        lines.append(f"    key: {told['key_name']}, {told.get('algorithm') or 'no algorithm'}{bits}")
    if "covered" in told:
        lines.append(f"    covers: {':'.join(told['covered'])}; c={told['canonicalization']}")
    elif told["type"] == "DomainKeys" and "body_size" in told:
        lines.append(f"    covers: all fields below it; c={told['canonicalization']}")
    if "body_size" in told:
        size, beyond = told["body_size"], told["unsigned_bytes"]
        parts = [f"{size} bytes in canonical form"]
        if beyond:
            parts.append(f"the last {beyond} of them not covered")
        if "body_hash" in told:
            parts.append(f"its hash {'is the signed one' if told['body_hash'] == 'match' else 'differs'}")
        lines.append(f"    body: {', '.join(parts)}")
    if "body_fault" in told:
        lines.append(f"    body: {told['body_fault']['words']}")
    if told["caveats"]:
        lines.append(f"    caveats: {', '.join(told['caveats'])}")
    return lines


def title(told: dict[str, Any]) -> str:
    """Which signature it is."""
    part = f" {told['part']} {told['instance']}" if told["type"] == "ARC" else ""
    return f"{told['type']}{part} d={told['domain'] or '?'} s={told['selector'] or '?'}"


def _with_reason(told: dict[str, Any]) -> str:
    return f"{told['result']} ({told['reason']})" if told["reason"] else str(told["result"])
