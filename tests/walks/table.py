"""Who is let in where: the whole table, written out so that an auditor can read it.

    +  let in: shown, done, or told what is wrong with what was asked       -  there is no such method
    .  finds nothing (404)                                                 s  is asked to sign in
    x  may see it, but the role does not permit this (403)                 h  is sent to its own first page

One letter for each role: V viewer, M maker, C checker, A administrator. What is asked for belongs to Amphora
(supplier), Meridian (platform), Harbour (financier) and Watch (operator); Crown is a bank, Sextant a supervisor.
Bellows, Tramontane, Lantern, Sovereign and Plumb are others of their kinds: where one of them is let in, it is to what
is its own.
A method that is not here is for nobody, or answers as its GET does.
"""

WRITTEN_BY_LOOKING = {"credit_assessment", "notices_notice"}
"""A supplier is measured once in a business date, by whoever looks first; a notice that is opened is read."""

WRITTEN_BY_EXPORT = {"trail_event", "trail_eventparty"}
"""Who takes data out of the back office is written down."""

PAGES = """
                                                                        signed_out no_party Amphora Bellows Meridian Tramontane Harbour Lantern Crown Sovereign Sextant Plumb Watch
GET  /                                                                  s          +        ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /funding/                                                          s          h        ....    .       ....     .          ++++    +       ++++  +         ....    .     ....
GET  /funding/applications/                                             s          h        ....    .       ....     .          ++++    +       ++++  +         ....    .     ....
GET  /funding/applications/{application_id}/                            s          h        ....    .       ....     .          ++++    .       ....  .         ....    .     ....
GET  /funding/applications/{application_id}/receivables/{receivable_id}/ s         h        ....    .       ....     .          ++++    .       ....  .         ....    .     ....
POST /funding/applications/{application_id}/recommend/                  s          h        ....    .       ....     .          x+x+    .       ....  .         ....    .     ....
POST /funding/applications/{application_id}/decide/                     s          h        ....    .       ....     .          xx++    .       ....  .         ....    .     ....
GET  /funding/advances/{advance_id}/                                    s          h        ....    .       ....     .          ++++    .       ....  .         ....    .     ....
GET  /funding/book/                                                     s          h        ....    .       ....     .          ++++    +       ++++  +         ....    .     ....
POST /funding/book/business-date/                                       s          h        ....    .       ....     .          xx++    .       ....  .         ....    .     ....
GET  /funding/policies/                                                 s          h        ....    .       ....     .          ++++    +       ++++  +         ....    .     ....
GET  /funding/policies/new/                                             s          h        ....    .       ....     .          x+x+    +       x+x+  +         ....    .     ....
POST /funding/policies/new/                                             s          h        ....    .       ....     .          x+x+    +       x+x+  +         ....    .     ....
GET  /funding/policies/{policy_id}/                                     s          h        ....    .       ....     .          ++++    .       ....  .         ....    .     ....
POST /funding/policies/{policy_id}/replay/                              s          h        ....    .       ....     .          x+++    .       ....  .         ....    .     ....
GET  /funding/replays/{replay_id}/                                      s          h        ....    .       ....     .          ++++    .       ....  .         ....    .     ....
POST /funding/policies/{policy_id}/approve/                             s          h        ....    .       ....     .          xx++    .       ....  .         ....    .     ....
POST /funding/policies/{policy_id}/reject/                              s          h        ....    .       ....     .          xx++    .       ....  .         ....    .     ....
POST /funding/policies/{policy_id}/withdraw/                            s          h        ....    .       ....     .          x+x+    .       ....  .         ....    .     ....
GET  /payments/                                                         s          h        ++++    +       ++++     +          ++++    +       ++++  +         ....    .     ....
GET  /payments/{instruction_id}/                                        s          h        ++++    .       ....     .          ++++    .       ....  .         ....    .     ....
GET  /payments/messages/{message_id}/                                   s          h        ....    .       ....     .          ++++    .       ....  .         ....    .     ....
GET  /payments/messages/{message_id}/content/                           s          h        ....    .       ....     .          ++++    .       ....  .         ....    .     ....
GET  /payments/statements/                                              s          h        ++++    +       ++++     +          ++++    +       ++++  +         ....    .     ....
GET  /payments/statements/{statement_id}/                               s          h        ....    .       ....     .          ++++    .       ....  .         ....    .     ....
GET  /banking/                                                          s          h        ....    .       ....     .          ....    .       ++++  +         ....    .     ....
GET  /supervision/                                                      s          h        ....    .       ....     .          ....    .       ....  .         ++++    +     ....
GET  /platform/                                                         s          h        ....    .       ++++     +          ....    .       ....  .         ....    .     ....
GET  /platform/acceptance/                                              s          h        ....    .       ++++     +          ....    .       ....  .         ....    .     ....
POST /platform/accept/                                                  s          h        ....    .       x+x+     +          ....    .       ....  .         ....    .     ....
POST /platform/dispute/                                                 s          h        ....    .       x+x+     +          ....    .       ....  .         ....    .     ....
GET  /platform/suppliers/                                               s          h        ....    .       ++++     +          ....    .       ....  .         ....    .     ....
GET  /platform/suppliers/{supplier_id}/                                 s          h        ....    .       ++++     .          ....    .       ....  .         ....    .     ....
GET  /platform/receivables/                                             s          h        ....    .       ++++     +          ....    .       ....  .         ....    .     ....
GET  /platform/receivables/{receivable_id}/                             s          h        ....    .       ++++     .          ....    .       ....  .         ....    .     ....
POST /platform/receivables/{receivable_id}/accept/                      s          h        ....    .       x+x+     .          ....    .       ....  .         ....    .     ....
POST /platform/receivables/{receivable_id}/dispute/                     s          h        ....    .       x+x+     .          ....    .       ....  .         ....    .     ....
POST /platform/receivables/{receivable_id}/resolve/                     s          h        ....    .       x+x+     .          ....    .       ....  .         ....    .     ....
POST /platform/receivables/{receivable_id}/cancel/                      s          h        ....    .       x+x+     .          ....    .       ....  .         ....    .     ....
GET  /platform/settlements/                                             s          h        ....    .       ++++     +          ....    .       ....  .         ....    .     ....
GET  /platform/settlements/new/                                         s          h        ....    .       x+x+     +          ....    .       ....  .         ....    .     ....
POST /platform/settlements/new/                                         s          h        ....    .       x+x+     +          ....    .       ....  .         ....    .     ....
GET  /platform/settlements/due/2026-04-01/EUR/                          s          h        ....    .       ++++     +          ....    .       ....  .         ....    .     ....
GET  /platform/settlements/{settlement_id}/                             s          h        ....    .       ++++     .          ....    .       ....  .         ....    .     ....
GET  /platform/trade/                                                   s          h        ....    .       ++++     +          ....    .       ....  .         ....    .     ....
POST /platform/trade/                                                   s          h        ....    .       x+x+     +          ....    .       ....  .         ....    .     ....
GET  /platform/trade/{document_id}/                                     s          h        ....    .       ++++     .          ....    .       ....  .         ....    .     ....
GET  /operations/                                                       s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/verifications/                                         s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/verifications/{verification_id}/                       s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
POST /operations/verifications/{verification_id}/screen/                s          h        ....    .       ....     .          ....    .       ....  .         ....    .     x+x+
POST /operations/verifications/{verification_id}/decide/                s          h        ....    .       ....     .          ....    .       ....  .         ....    .     xx++
GET  /operations/parties/                                               s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/parties/{party_id}/                                    s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
POST /operations/parties/{party_id}/invite/                             s          h        ....    .       ....     .          ....    .       ....  .         ....    .     xxx+
GET  /operations/deliveries/                                            s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
POST /operations/deliveries/retry/                                      s          h        ....    .       ....     .          ....    .       ....  .         ....    .     x+x+
GET  /operations/deliveries/{delivery_id}/                              s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/payments/                                              s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/payments/{instruction_id}/                             s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/messages/{message_id}/content/                         s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/statements/                                            s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/statements/{statement_id}/                             s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/documents/                                             s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/documents/{document_id}/                               s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /operations/documents/{document_id}/content/                       s          h        ....    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /supplier/                                                         s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/price/{facility_id}/                                     s          h        ++++    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/quotes/{facility_id}/new/                                s          h        ++++    .       ....     .          ....    .       ....  .         ....    .     ....
POST /supplier/quotes/{facility_id}/new/                                s          h        x+x+    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/quotes/{quote_id}/                                       s          h        ++++    .       ....     .          ....    .       ....  .         ....    .     ....
POST /supplier/quotes/{quote_id}/apply/                                 s          h        x+x+    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/advances/applications/                                   s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/advances/applications/{application_id}/                  s          h        ++++    .       ....     .          ....    .       ....  .         ....    .     ....
POST /supplier/advances/applications/{application_id}/withdraw/         s          h        x+x+    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/advances/                                                s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/advances/statement/                                      s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/advances/{advance_id}/                                   s          h        ++++    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/receivables/                                             s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/receivables/{receivable_id}/                             s          h        ++++    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/receivables/{receivable_id}/cancel/                      s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
POST /supplier/receivables/{receivable_id}/cancel/                      s          h        x+x+    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/receivables/upload/                                      s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
POST /supplier/receivables/upload/                                      s          h        x+x+    +       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/receivables/documents/                                   s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/receivables/documents/{document_id}/                     s          h        ++++    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/receivables/documents/{document_id}/content/             s          h        ++++    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/register/                                                s          +        hhhh    h       hhhh     h          hhhh    h       hhhh  h         hhhh    h     hhhh
POST /supplier/register/                                                s          +        hhhh    h       hhhh     h          hhhh    h       hhhh  h         hhhh    h     hhhh
GET  /supplier/verification/                                            s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
POST /supplier/verification/                                            s          h        x+x+    +       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/verification/account/                                    s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
POST /supplier/verification/account/                                    s          h        xxx+    +       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/verification/join/{programme_id}/                        s          h        ++++    +       ....     .          ....    .       ....  .         ....    .     ....
POST /supplier/verification/join/{programme_id}/                        s          h        x+x+    +       ....     .          ....    .       ....  .         ....    .     ....
GET  /events/                                                           s          h        ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /glossary/                                                         s          +        ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /search/                                                           s          h        ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
POST /party/                                                            s          .        hhhh    .       ....     .          ....    .       ....  .         ....    .     ....
POST /bank/messages/                                                    s          s        ssss    s       ssss     s          ssss    s       ssss  s         ssss    s     ssss
GET  /party/members/                                                    s          h        xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
POST /party/members/                                                    s          h        xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
POST /party/members/{member_id}/end/                                    s          h        xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
POST /party/members/invitations/{invitation_id}/revoke/                 s          h        xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /invitation/made-up/                                               .          .        ....    .       ....     .          ....    .       ....  .         ....    .     ....
POST /invitation/made-up/                                               .          .        ....    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /party/clients/                                                    s          h        xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
GET  /party/clients/new/                                                s          h        xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
POST /party/clients/new/                                                s          h        xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
GET  /party/clients/{party_client_id}/                                  s          h        xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
POST /party/clients/{party_client_id}/                                  s          h        xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
POST /party/clients/{party_client_id}/rotate/                           s          h        xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
POST /party/clients/{party_client_id}/remove/                           s          h        xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /notices/                                                          s          h        ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /notices/bell/                                                     s          h        ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /notices/latest/                                                   s          h        ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
POST /notices/read/                                                     s          h        ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /notices/{notice_id}/                                              s          h        ...+    .       ....     .          ....    .       ....  .         ....    .     ....
POST /notices/{notice_id}/read/                                         s          h        ...+    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /supplier/verification/account/{account_id}/                       s          h        xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
POST /supplier/verification/account/{account_id}/                       s          h        xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
"""

API = """
                                                                        signed_out Amphora Bellows Meridian Tramontane Harbour Lantern Crown Sovereign Sextant Plumb Watch
GET  /api/v1/me/                                                        s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /api/v1/search/                                                    s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /api/v1/events/                                                    s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /api/v1/book/                                                      s          xxxx    x       xxxx     x          ++++    .       ....  .         xxxx    x     xxxx
POST /api/v1/book/business-date/                                        s          xxxx    x       xxxx     x          xx++    .       ....  .         xxxx    x     xxxx
GET  /api/v1/parties/                                                   s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
POST /api/v1/parties/                                                   s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     x+x+
GET  /api/v1/parties/{pk}/                                              s          ++++    .       ++++     +          ++++    +       ++++  +         ....    .     ++++
GET  /api/v1/verifications/                                             s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
POST /api/v1/verifications/                                             s          x+x+    +       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
GET  /api/v1/verifications/{pk}/                                        s          ++++    .       ....     .          ....    .       ....  .         ....    .     ++++
POST /api/v1/verifications/{pk}/decide/                                 s          ....    .       ....     .          ....    .       ....  .         ....    .     xxxx
POST /api/v1/verifications/{pk}/screen/                                 s          ....    .       ....     .          ....    .       ....  .         ....    .     xxxx
GET  /api/v1/trade-history/                                             s          ++++    +       ++++     +          ++++    +       ++++  +         xxxx    x     ++++
POST /api/v1/trade-history/                                             s          xxxx    x       x+x+     +          xxxx    x       xxxx  x         xxxx    x     ++++
GET  /api/v1/trade-history/{pk}/                                        s          ....    .       ++++     .          ....    .       ....  .         ....    .     ++++
GET  /api/v1/receivables/                                               s          ++++    +       ++++     +          ++++    +       ++++  +         xxxx    x     ++++
POST /api/v1/receivables/                                               s          x+x+    +       x+x+     +          xxxx    x       xxxx  x         xxxx    x     xxxx
POST /api/v1/receivables/accept/                                        s          xxxx    x       x+x+     +          xxxx    x       xxxx  x         xxxx    x     xxxx
GET  /api/v1/receivables/{pk}/                                          s          ++++    .       ++++     .          ....    .       ....  .         ....    .     ++++
POST /api/v1/receivables/{pk}/cancel/                                   s          x+x+    .       x+x+     .          ....    .       ....  .         ....    .     xxxx
POST /api/v1/receivables/{pk}/dispute/                                  s          xxxx    .       x+x+     .          ....    .       ....  .         ....    .     xxxx
POST /api/v1/receivables/{pk}/resolve/                                  s          xxxx    .       x+x+     .          ....    .       ....  .         ....    .     xxxx
GET  /api/v1/credit-notes/                                              s          ++++    +       ++++     +          ++++    +       ++++  +         xxxx    x     ++++
POST /api/v1/credit-notes/                                              s          x+x+    +       x+x+     +          xxxx    x       xxxx  x         xxxx    x     xxxx
GET  /api/v1/credit-notes/{pk}/                                         s          ++++    .       ++++     .          ....    .       ....  .         ....    .     ++++
GET  /api/v1/settlements/                                               s          xxxx    x       x+x+     +          xxxx    x       xxxx  x         xxxx    x     xxxx
POST /api/v1/settlements/                                               s          xxxx    .       x+x+     .          ....    .       ....  .         ....    .     xxxx
GET  /api/v1/settlements/due/                                           s          xxxx    x       x+x+     +          xxxx    x       xxxx  x         xxxx    x     xxxx
GET  /api/v1/settlements/{pk}/                                          s          ....    .       x+x+     .          ....    .       ....  .         ....    .     xxxx
GET  /api/v1/programmes/                                                s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /api/v1/programmes/{pk}/                                           s          ++++    +       ++++     .          ++++    .       ....  .         ....    .     ++++
POST /api/v1/programmes/{pk}/join/                                      s          x+x+    +       xxxx     .          xxxx    .       ....  .         ....    .     xxxx
GET  /api/v1/facilities/                                                s          ++++    +       xxxx     x          ++++    +       ++++  +         xxxx    x     ++++
GET  /api/v1/facilities/{pk}/                                           s          ++++    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/facilities/{pk}/availability/                              s          ++++    .       ....     .          ++++    .       ....  .         ....    .     ++++
POST /api/v1/facilities/{pk}/resume/                                    s          xxxx    .       ....     .          xx++    .       ....  .         ....    .     xxxx
POST /api/v1/facilities/{pk}/suspend/                                   s          xxxx    .       ....     .          xx++    .       ....  .         ....    .     xxxx
GET  /api/v1/policies/                                                  s          xxxx    x       xxxx     x          ++++    +       ++++  +         xxxx    x     xxxx
POST /api/v1/policies/                                                  s          ....    .       ....     .          x+x+    +       x+x+  +         ....    .     ....
GET  /api/v1/policies/{pk}/                                             s          ....    .       ....     .          ++++    .       ....  .         ....    .     xxxx
GET  /api/v1/policies/{pk}/replays/                                     s          ....    .       ....     .          ++++    .       ....  .         ....    .     xxxx
POST /api/v1/policies/{pk}/replays/                                     s          ....    .       ....     .          x+++    .       ....  .         ....    .     xxxx
GET  /api/v1/policy-replays/                                            s          xxxx    x       xxxx     x          ++++    +       ++++  +         xxxx    x     xxxx
GET  /api/v1/policy-replays/{pk}/                                       s          ....    .       ....     .          ++++    .       ....  .         ....    .     xxxx
GET  /api/v1/policy-replays/{pk}/changes/                               s          ....    .       ....     .          ++++    .       ....  .         ....    .     xxxx
POST /api/v1/policies/{pk}/approve/                                     s          ....    .       ....     .          xx++    .       ....  .         ....    .     xxxx
POST /api/v1/policies/{pk}/reject/                                      s          ....    .       ....     .          xx++    .       ....  .         ....    .     xxxx
POST /api/v1/policies/{pk}/withdraw/                                    s          ....    .       ....     .          x+x+    .       ....  .         ....    .     xxxx
GET  /api/v1/decisions/{pk}/replay/                                     s          xxxx    .       ....     .          ++++    .       ....  .         ....    .     xxxx
POST /api/v1/quotes/                                                    s          x+x+    .       ....     .          xxxx    .       ....  .         ....    .     xxxx
GET  /api/v1/quotes/{pk}/                                               s          ++++    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/applications/                                              s          ++++    +       xxxx     x          ++++    +       ++++  +         xxxx    x     ++++
POST /api/v1/applications/                                              s          x+x+    .       ....     .          xxxx    .       ....  .         ....    .     xxxx
GET  /api/v1/applications/{pk}/                                         s          ++++    .       ....     .          ++++    .       ....  .         ....    .     ++++
POST /api/v1/applications/{pk}/decide/                                  s          ....    .       ....     .          xx++    .       ....  .         ....    .     ....
POST /api/v1/applications/{pk}/recommend/                               s          ....    .       ....     .          x+x+    .       ....  .         ....    .     ....
GET  /api/v1/applications/{pk}/standing/                                s          xxxx    .       ....     .          ++++    .       ....  .         ....    .     xxxx
POST /api/v1/applications/{pk}/withdraw/                                s          x+x+    .       ....     .          xxxx    .       ....  .         ....    .     xxxx
GET  /api/v1/advances/                                                  s          ++++    +       xxxx     x          ++++    +       ++++  +         xxxx    x     ++++
GET  /api/v1/advances/{pk}/                                             s          ++++    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/bank-accounts/                                             s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
POST /api/v1/bank-accounts/                                             s          xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
GET  /api/v1/bank-accounts/{pk}/                                        s          ....    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/instructions/                                              s          ++++    +       ++++     +          ++++    +       ++++  +         xxxx    x     ++++
GET  /api/v1/instructions/{pk}/                                         s          ++++    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/instructions/{pk}/trail/                                   s          ++++    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/statements/                                                s          ++++    +       ++++     +          ++++    +       ++++  +         xxxx    x     ++++
GET  /api/v1/statements/{pk}/                                           s          ....    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/statements/{pk}/unmatched/                                 s          ....    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/bank-entries/                                              s          ++++    +       ++++     +          ++++    +       ++++  +         xxxx    x     ++++
GET  /api/v1/bank-entries/{pk}/                                         s          ....    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/bank-messages/                                             s          ++++    +       ++++     +          ++++    +       ++++  +         xxxx    x     ++++
GET  /api/v1/bank-messages/{pk}/                                        s          ....    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/bank-messages/{pk}/content/                                s          ....    .       ....     .          ++++    .       ....  .         ....    .     ++++
GET  /api/v1/members/                                                   s          xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
POST /api/v1/members/                                                   s          xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
GET  /api/v1/members/{pk}/                                              s          xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /api/v1/invitations/                                               s          xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
POST /api/v1/invitations/                                               s          xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
GET  /api/v1/invitations/{pk}/                                          s          xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
POST /api/v1/invitations/{pk}/revoke/                                   s          xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /api/v1/clients/                                                   s          xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
POST /api/v1/clients/                                                   s          xxx+    +       xxx+     +          xxx+    +       xxx+  +         xxx+    +     xxx+
GET  /api/v1/clients/{pk}/                                              s          xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
POST /api/v1/clients/{pk}/rotate/                                       s          xxx+    .       ....     .          ....    .       ....  .         ....    .     ....
GET  /api/v1/documents/                                                 s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /api/v1/documents/{pk}/                                            s          ++++    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /api/v1/documents/{pk}/content/                                    s          ++++    .       ....     .          ....    .       ....  .         ....    .     ++++
GET  /api/v1/deliveries/                                                s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /api/v1/deliveries/{pk}/                                           s          ....    .       ....     .          ....    .       ....  .         ....    .     ++++
POST /api/v1/deliveries/retry/                                          s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     x+x+
GET  /api/v1/notices/preferences/                                       s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
POST /api/v1/notices/preferences/                                       s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
GET  /api/v1/notices/                                                   s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
POST /api/v1/notices/                                                   s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
GET  /api/v1/notices/read-all/                                          s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
POST /api/v1/notices/read-all/                                          s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
GET  /api/v1/notices/{pk}/                                              s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
POST /api/v1/notices/{pk}/                                              s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
GET  /api/v1/notices/{pk}/read/                                         s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
POST /api/v1/notices/{pk}/read/                                         s          xxxx    x       xxxx     x          xxxx    x       xxxx  x         xxxx    x     xxxx
POST /api/v1/bank-accounts/{pk}/close/                                  s          ....    .       ....     .          xxx+    .       ....  .         ....    .     xxx+
POST /api/v1/bank-accounts/{pk}/replace/                                s          ....    .       ....     .          xxx+    .       ....  .         ....    .     xxx+
"""

BY_SESSION = """
                                                                        signed_out Amphora Bellows Meridian Tramontane Harbour Lantern Crown Sovereign Sextant Plumb Watch
POST /api/v1/verifications/{pk}/decide/                                 s          ....    .       ....     .          ....    .       ....  .         ....    .     xx++
POST /api/v1/verifications/{pk}/screen/                                 s          ....    .       ....     .          ....    .       ....  .         ....    .     x+x+
GET  /api/v1/notices/preferences/                                       s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
POST /api/v1/notices/preferences/                                       s          ----    -       ----     -          ----    -       ----  -         ----    -     ----
GET  /api/v1/notices/                                                   s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
POST /api/v1/notices/                                                   s          ----    -       ----     -          ----    -       ----  -         ----    -     ----
GET  /api/v1/notices/read-all/                                          s          ----    -       ----     -          ----    -       ----  -         ----    -     ----
POST /api/v1/notices/read-all/                                          s          ++++    +       ++++     +          ++++    +       ++++  +         ++++    +     ++++
GET  /api/v1/notices/{pk}/                                              s          ...+    .       ....     .          ....    .       ....  .         ....    .     ....
POST /api/v1/notices/{pk}/                                              s          ----    -       ----     -          ----    -       ----  -         ----    -     ----
GET  /api/v1/notices/{pk}/read/                                         s          ----    -       ----     -          ----    -       ----  -         ----    -     ----
POST /api/v1/notices/{pk}/read/                                         s          ...+    .       ....     .          ....    .       ....  .         ....    .     ....
"""
"""What people may do through the API by their session, and machines may not: two persons vouch for a verification,
and notices are a person's own."""

ACCOUNTS = """
                                                                        signed_out no_party Bellows
GET  /accounts/login/                                                   +          h        h
POST /accounts/login/                                                   +          h        h
GET  /accounts/logout/                                                  h          +        +
GET  /accounts/notices/                                                 s          +        +
POST /accounts/notices/                                                 s          +        +
GET  /accounts/profile/                                                 s          +        +
POST /accounts/profile/                                                 s          +        +
GET  /accounts/sessions/                                                s          +        +
POST /accounts/sessions/                                                s          +        +
GET  /accounts/inactive/                                                +          +        +
GET  /accounts/signup/                                                  +          +        +
POST /accounts/signup/                                                  +          +        +
GET  /accounts/confirm-email/                                           +          +        +
GET  /accounts/password/reset/                                          +          +        +
POST /accounts/password/reset/                                          +          +        +
GET  /accounts/confirm-email/made-up/                                   +          +        +
GET  /accounts/password/reset/key/done/                                 +          +        +
GET  /accounts/password/reset/key/zz-made-up/                            +          +        +
GET  /accounts/password/reset/done/                                     +          +        +
GET  /.well-known/openid-configuration                                  +          +        +
GET  /.well-known/jwks.json                                             +          +        +
POST /identity/o/authorize                                              +          +        +
POST /identity/o/api/token                                              +          +        +
POST /identity/o/api/revoke                                             +          +        +
POST /identity/o/api/device/code                                        +          +        +
GET  /api/schema/                                                       +          +        +
GET  /api/docs/                                                         +          +        +
GET  /api/docs/problems/                                                +          +        +
GET  /api/docs/receivables/                                             +          +        +
"""


def read(text: str) -> dict[str, dict[str, str]]:
    """Method and path -> column -> letters."""
    lines = [line for line in text.splitlines() if line.strip()]
    names = columns(text)
    found = {}
    for line in lines[1:]:
        method, path, *letters = line.split()
        found[f"{method} {path}"] = dict(zip(names, letters, strict=True))
    return found


def columns(text: str) -> list[str]:
    first = next(line for line in text.splitlines() if line.strip())
    return [name.replace("_", " ") for name in first.split()]


def line(asked: str, letters: dict[str, str]) -> str:
    """A line as the table writes it."""
    method, path = asked.split(" ", 1)
    cells = " ".join(letters[name].ljust(len(name)) for name in letters)
    return f"{method:4} {path:66} {cells}".rstrip()
