"""Holds the sandbox against recorded samples of WeCom's requests, responses and events.

``python -m wecom_sandbox.conformance --samples FOLDER [--area contacts] [--only department.create]``

The folder has an ``INDEX.tsv`` (file, endpoint, kind, source). For every sample a fresh world is made:
the sandbox is reset, the ``@setting`` of the area's file in ``worlds/`` runs, then

* ``@answers("department/create")`` turns the sample of a request into one this world can take: ids are
  mapped, the shape stays (a changed shape is a difference). It is judged by errcode 0, and the response
  by its keys and JSON types against the sample of the response;
* ``@raises("change_contact.create_user")`` does what makes WeCom send ``callback.<name>.xml``;
* ``@shows("archive.decrypted.text.json")`` returns what is to be compared with any other sample.

Without ``@answers`` a request goes out as it is in the sample, with the token of the app ``scrm``.
What differs and has to is told in ``data/deviations/<area>.toml``::

    [[deviation]]
    sample = "user.get.response.json"
    at = "external_profile"        # the path as the report prints it; "*" for the whole sample
    reason = "One sentence why the sandbox is right or cannot know."

A deviation that no longer shows is an error too.
"""
