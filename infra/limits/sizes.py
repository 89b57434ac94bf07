"""How long a template's values will be: references are written out as what they will become."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

_ID = "0123456789abcdef0"
_UUID = "01234567-89ab-cdef-0123-456789abcdef"
_LONGEST_NAME = 64
_LONGEST_BUCKET = 63
_NAMELESS = {
    # Resources whose ARNs do not hold their names.
    "AWS::KMS::Key": f"kms:{{place}}:key/{_UUID}",
    "AWS::S3::Bucket": f"s3:::{'b' * _LONGEST_BUCKET}",
}


class Place(NamedTuple):
    """Where the template is deployed."""

    partition: str
    region: str
    account: str


class Sizes:
    """The values of one template, as long as they will be when it is deployed."""

    def __init__(self, template: Mapping[str, Any], place: Place) -> None:
        self._resources: Mapping[str, Any] = template["Resources"]
        self._place = place

    def text(self, value: Any) -> str:
        """A value as one text, such as an ARN with references in it."""
        written = self.written_out(value)
        return written if isinstance(written, str) else _compact(written)

    def characters(self, value: Any) -> int:
        """The length of a value as JSON without white space, which is what IAM counts."""
        return len(_compact(self.written_out(value)))

    def bytes(self, value: Any) -> int:
        """The bytes of a value as JSON without white space, as Lambda counts variables."""
        return len(_compact(self.written_out(value)).encode())

    def written_out(self, value: Any) -> Any:
        """The value with every reference replaced by something as long as it will be."""
        match value:
            case {"Ref": str(name)}:
                return self._reference(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self._attribute(name, attribute)
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(self.text(part) for part in parts)
            case {"Fn::Sub": str(text)}:
                return text
            case {"Fn::Select": _}:
                # The name of an interface endpoint, the only one that is taken out of a list.
                region = self._place.region
                return f"vpce-{_ID}-01234567.secretsmanager.{region}.vpce.amazonaws.com"
            case dict():
                return {key: self.written_out(part) for key, part in value.items()}
            case list():
                return [self.written_out(part) for part in value]
            case _:
                return value

    def _reference(self, name: str) -> str:
        place = self._place
        match name:
            case "AWS::Partition":
                return place.partition
            case "AWS::AccountId":
                return place.account
            case "AWS::Region":
                return place.region
            case "AWS::URLSuffix":
                return "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"
            case _ if self._kind(name) in {"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"}:
                return self._attribute(name, "Arn")
            case _:
                return self._name(name)

    def _attribute(self, name: str, attribute: str) -> str:
        if attribute != "Arn" and not attribute.endswith("Arn"):
            return self._name(name)
        partition, region, account = self._place
        kind = self._kind(name)
        where = f"{region}:{account}"
        if kind in _NAMELESS:
            return f"arn:{partition}:{_NAMELESS[kind].format(place=where)}"
        if kind == "AWS::Logs::LogGroup":
            return f"arn:{partition}:logs:{where}:log-group:{self._name(name)}:*"
        _, service, resource = kind.lower().split("::")
        path = self.text(self._properties(name).get("Path", ""))
        return f"arn:{partition}:{service}:{where}:{resource}/{path}{self._name(name)}"

    def _name(self, name: str) -> str:
        """A resource's own name; CloudFormation's is its logical id and more, up to a limit."""
        last = self._kind(name).rsplit("::", 1)[-1]
        properties = self._properties(name)
        for key in (f"{last}Name", "Name"):
            if key in properties:
                return self.text(properties[key])
        return "n" * _LONGEST_NAME

    def _kind(self, name: str) -> str:
        return str(self._resources[name]["Type"])

    def _properties(self, name: str) -> Mapping[str, Any]:
        properties: Mapping[str, Any] = self._resources[name].get("Properties", {})
        return properties


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
