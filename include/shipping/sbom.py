"""Write the bill of materials of the bundle (CycloneDX): every package with files, hashes, licence, and the packages that need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from shipping.licences import Licensed, load_policy
from shipping.pins import read_lock
from shipping.wheels import Wheel
from wangjian.core.errors import WangjianError
from wangjian.core.files import sha256_of

# a row of the README's table: | `file` | npm `name` version … | licence, `text of the licence` |
_VENDORED = re.compile(
    r"^\| `(?P<file>[^`]+)` \| npm `(?P<name>[^`]+)` (?P<version>[\d.]+)\b.*\| (?P<licence>[^|,]+), `[^|]+\|$", re.M
)


@dataclass(frozen=True)
class Vendored:
    """A file of another project of which this project keeps a copy."""

    path: Path
    name: str
    version: str
    licence: str

    @property
    def purl(self) -> str:
        """Return the package URL, the name under which advisories list the file's package."""
        return str(PackageURL("npm", None, self.name, self.version))


def vendored(project: Path) -> list[Vendored]:
    """Return the site's scripts and maps that come from npm, as the README in their folder lists them.

    Raises:
        WangjianError: the folder has a file that the README does not list.
    """
    folder = project / "include" / "wangjian" / "serving" / "site" / "vendor"
    names = load_policy().names
    listed = {match["file"]: match for match in _VENDORED.finditer((folder / "README.md").read_text(encoding="utf-8"))}
    # files that this project wrote itself
    ours = {"README.md", "echarts.entry.js"}
    files = [path for path in sorted(folder.iterdir()) if path.name not in ours and not path.name.startswith("LICENSE")]
    # a copy without its origin would be missing from the bill of materials, and no audit would report its defects
    if unknown := [path.name for path in files if path.name not in listed]:
        fix = "add a row with package, version and licence"
        raise WangjianError(
            "the README does not say where these files come from", file=folder / "README.md", files=unknown, fix=fix
        )
    rows = [(path, listed[path.name]) for path in files]
    return [
        Vendored(path, row["name"], row["version"], names.get(row["licence"], row["licence"])) for path, row in rows
    ]


def write_sbom(
    path: Path,
    version: str,
    commit: str,
    made_at: int,
    wheels: Sequence[Wheel],
    licences: Mapping[tuple[str, str], Licensed],
    locks: Sequence[Path],
    copies: Sequence[Vendored],
) -> None:
    """Write the bill of materials; the same arguments give the same bytes.

    Args:
        path: the file to write.
        version: the project's version.
        commit: the commit from which the bundle is made.
        made_at: the commit's time, in seconds since 1970.
        wheels: the files of all packages.
        licences: the licence of each package, by name and version.
        locks: the locks; they say which package needs which.
        copies: the files of other projects in the source.

    Raises:
        WangjianError: the document does not match the schema.
    """
    root = Component(name="wangjian", version=version, type=ComponentType.APPLICATION, bom_ref="wangjian")
    # the commit's time, not the clock's: two bundles of one commit must have the same bytes
    metadata = BomMetaData(component=root, timestamp=datetime.fromtimestamp(made_at, UTC))
    metadata.properties.add(Property(name="wangjian:commit", value=commit))
    components = _packages(wheels, licences, locks)
    kept = [_copy(one) for one in copies]
    bom = Bom(
        components=[*components.values(), *kept],
        metadata=metadata,
        # from the commit: a random one would change the bytes of each bundle
        serial_number=uuid5(NAMESPACE_URL, f"wangjian:{commit}"),
    )
    bom.register_dependency(root, kept)
    for component, needs in _needs(locks, components, root):
        bom.register_dependency(component, needs)
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    # the library can write documents that break the schema, and other tools refuse those
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise WangjianError(
            f"the bill of materials breaks its schema: {error}", fix="this is a defect of `make bundle`"
        )
    path.write_text(text + "\n", encoding="utf-8")


def _packages(
    wheels: Iterable[Wheel], licences: Mapping[tuple[str, str], Licensed], locks: Sequence[Path]
) -> dict[tuple[str, str], Component]:
    """Return a component for each package version, with its files and the locks that pin it."""
    components: dict[tuple[str, str], Component] = {}
    for wheel in wheels:
        key = (wheel.name, wheel.version)
        # a package with compiled code has a wheel for each Python: one component, several files
        component = components.setdefault(key, _component(*key, licences[key].licence))
        component.external_references.add(_file(f"wheels/{wheel.path.name}", wheel.sha256, wheel.source))
    for lock in locks:
        for pin in read_lock(lock):
            if (pin.name, pin.version) in components:
                components[pin.name, pin.version].properties.add(Property(name="wangjian:lock", value=lock.stem))
    return components


def _component(name: str, version: str, licence: str | None) -> Component:
    purl = PackageURL("pypi", None, name, version)
    expression = [LicenseExpression(licence)] if licence else []
    return Component(name=name, version=version, purl=purl, bom_ref=str(purl), licenses=expression)


def _copy(one: Vendored) -> Component:
    component = _component(one.name, one.version, one.licence)
    component.purl = PackageURL.from_string(one.purl)
    component.bom_ref.value = one.purl
    component.external_references.add(
        _file(f"project/include/wangjian/serving/site/vendor/{one.path.name}", sha256_of(one.path), None)
    )
    return component


def _file(name: str, sha256: str, source: str | None) -> ExternalReference:
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(name),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)],
        comment=f"built from {source}" if source else None,
    )


def _needs(
    locks: Sequence[Path], components: Mapping[tuple[str, str], Component], root: Component
) -> list[tuple[Component, list[Component]]]:
    """Return each component with the components that it needs, as the locks say."""
    needs: dict[str, set[Component]] = {}
    by_ref = {component.bom_ref.value or "": component for component in components.values()} | {"wangjian": root}
    for lock in locks:
        pins = [pin for pin in read_lock(lock) if (pin.name, pin.version) in components]
        for pin in pins:
            for asker in pin.asked_by:
                askers = [components[one.name, one.version] for one in pins if one.name == asker]
                # a name that the lock does not pin is the project itself, or a requirements file
                for one in askers or [root]:
                    needs.setdefault(one.bom_ref.value or "", set()).add(components[pin.name, pin.version])
    return [(by_ref[ref], sorted(needs[ref], key=lambda one: str(one.bom_ref.value))) for ref in sorted(needs)]
