"""Models of Hugging Face's hub by their repository: from its cache, or fetched where the network may be used."""

import re
from pathlib import Path

from ...errors import MergecastError

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
# In this order: what a repository may hold its weights in.
WEIGHTS = (
    "adapter_model.safetensors",
    "adapter_model.bin",
    "model.safetensors",
    "model.safetensors.index.json",
    "open_clip_model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "open_clip_pytorch_model.bin",
)
ENDINGS = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".json")


def is_repository(text: str) -> bool:
    """Whether a text can name a repository, `owner/name`, and is no path of a file.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool
    """
    return bool(REPOSITORY.fullmatch(text)) and not text.endswith(ENDINGS)


def fetched(repository: str) -> Path:
    """The weights of a repository: the file, or the index of its shards, whose shards then lie beside it.

    Parameters
    ----------
    repository : str
        Such as `openai/clip-vit-base-patch32`.

    Returns
    -------
    Path
        In the cache of huggingface_hub.

    Raises
    ------
    MergecastError
        If it is neither cached nor reachable (HF_HUB_OFFLINE is respected), saying which file belongs where; or if it holds
        no weights of a kind that can be read.
    """
    from huggingface_hub import constants, hf_hub_download, snapshot_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, RepositoryNotFoundError

    if (found := _cached(repository)) is not None:
        return found
    try:
        for name in WEIGHTS:
            try:
                hf_hub_download(repository, name)
            except LocalEntryNotFoundError:  # not reachable; a kind of EntryNotFoundError
                raise
            except EntryNotFoundError:
                continue
            stem = name.partition(".")[0]
            beside = ["*.json", f"{stem}-*-of-*.{'safetensors' if '.safetensors' in name else 'bin'}"]
            return Path(snapshot_download(repository, allow_patterns=[name, *beside])) / name
    except RepositoryNotFoundError as error:
        raise MergecastError(f"{repository}: is no file or folder here, nor a repository on the hub; check the name") from error
    except (OSError, LocalEntryNotFoundError) as error:  # errors of the hub's answers are of OSError
        offline = " (HF_HUB_OFFLINE is set)" if constants.HF_HUB_OFFLINE else ""
        raise MergecastError(
            f"{repository}: is no file or folder here, and as a repository neither in {constants.HF_HUB_CACHE} nor reachable"
            f"{offline}; where there is a network, run `hf download {repository} model.safetensors config.json` and copy "
            f"models--{repository.replace('/', '--')} to that folder"
        ) from error
    raise MergecastError(f"{repository}: the repository holds no weights under a known name ({', '.join(WEIGHTS)})")


def _cached(repository: str) -> Path | None:
    """The weights in the cache; an index counts when all of its shards are there."""
    from huggingface_hub import try_to_load_from_cache

    from . import INDEX, shards

    for name in WEIGHTS:
        found = try_to_load_from_cache(repository, name)
        if isinstance(found, str):
            path = Path(found)
            if not name.endswith(INDEX) or all(path.with_name(shard).exists() for shard in shards(path).values()):
                return path
    return None
