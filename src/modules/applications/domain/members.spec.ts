import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Subject } from '../../../shared/subject.js';
import { Application } from './application.js';
import { Member } from './member.js';
import { Members } from './members.js';
import { Offer } from './offer.js';
import type { Role } from './role.js';

const ID = '019b76da-a800-7000-8000-000000000001';
const CREATED = new Date('2026-05-27T10:00:00.000Z');
const NOW = new Date('2026-05-28T10:00:00.000Z');
const person = (subject: string, issuer = 'local') => ({ issuer, subject });
const ann = person('ann');
const ben = person('ben');
const eve = person('eve');

const MAX_MEMBERS = 100;

describe('Members', () => {
  let members: Members;

  /** In the order in which they joined. */
  function team(...roles: [string, Role][]): Members {
    const application = Application.create(ID, ann, { name: 'a' }, CREATED);
    return new Members(
      application,
      roles.map(([subject, role], index) => Member.join(String(index), ID, person(subject), role, CREATED)),
      [],
      MAX_MEMBERS,
    );
  }
  /** Somebody who accepts at once what they are offered. */
  function takeIn(team: Members, who: Subject, role: Role, by = ann): void {
    team.accept((team.assign(who, role, by, NOW) as Offer).id, who, NOW);
  }
  function handOver(team: Members, to: Subject, by = ann): void {
    team.accept(team.transfer(to, by, NOW).id, to, NOW);
  }
  const rolesOf = ({ all }: Members): Record<string, Role> =>
    Object.fromEntries(all.map(({ subject, role }) => [subject, role]));

  beforeEach(() => {
    members = team(['ann', 'owner']);
  });

  it('takes people in when they accept, and gives them other roles', () => {
    const offer = members.assign(ben, 'viewer', ann, NOW) as Offer;
    expect(rolesOf(members)).toEqual({ ann: 'owner' });
    members.accept(offer.id, ben, NOW);
    expect(rolesOf(members)).toEqual({ ann: 'owner', ben: 'viewer' });
    const { createdAt } = members.assign(ben, 'admin', ann, NOW);
    expect(rolesOf(members)).toEqual({ ann: 'owner', ben: 'admin' });
    expect(createdAt).toBe(NOW);
    expect(members.offers).toEqual([]);
  });

  it('makes nobody an owner who has not accepted that, and no other role waits for it', () => {
    const pair = team(['ann', 'owner'], ['ben', 'viewer']);
    const offer = pair.assign(ben, 'owner', ann, NOW);
    expect(rolesOf(pair)).toEqual({ ann: 'owner', ben: 'viewer' });
    expect(offer).toBeInstanceOf(Offer);
    expect(pair.assign(ben, 'admin', ann, NOW)).toBeInstanceOf(Member);
    expect(rolesOf(pair)).toEqual({ ann: 'owner', ben: 'admin' });
  });

  it('keeps an offer open for seven days to the millisecond', () => {
    const offer = members.assign(ben, 'viewer', ann, NOW) as Offer;
    const end = new Date('2026-06-04T10:00:00.000Z');
    const notFound = expect.objectContaining({ code: 'offer_not_found' });
    expect(() => {
      members.accept(offer.id, ben, end);
    }).toThrow(notFound);
    members.accept(offer.id, ben, new Date(end.getTime() - 1));
    expect(rolesOf(members)).toEqual({ ann: 'owner', ben: 'viewer' });
  });

  it('tells people of two issuers apart who have the same subject', () => {
    takeIn(members, person('ann', 'https://login.example/'), 'viewer');
    expect(members.all).toHaveLength(2);
    expect(() => members.assign(eve, 'viewer', person('ann', 'https://login.example/'), NOW)).toThrow(
      expect.objectContaining({ code: 'insufficient_role' }),
    );
  });

  it.each(['admin', 'viewer'] as const)('keeps a last owner from becoming %s', (role) => {
    expect(() => members.assign(ann, role, ann, NOW)).toThrow(
      expect.objectContaining({ code: 'last_owner' }),
    );
  });

  it('keeps the last owner from leaving, however many others there are', () => {
    const crowd = team(['ann', 'owner'], ['ben', 'admin'], ['eve', 'viewer']);
    expect(() => {
      crowd.remove(ann, ann, NOW);
    }).toThrow(expect.objectContaining({ code: 'last_owner' }));
  });

  it('names the owner of longest standing when the named one leaves or steps down', () => {
    for (const step of [
      (team: Members) => {
        team.remove(ann, ann, NOW);
      },
      (team: Members) => {
        team.assign(ann, 'viewer', ann, NOW);
      },
    ]) {
      const crowd = team(['ann', 'owner'], ['cat', 'admin'], ['ben', 'owner'], ['eve', 'owner']);
      step(crowd);
      expect(crowd.application.owner).toEqual(ben);
    }
  });

  it('finds the owner of longest standing in whatever order the members are read', () => {
    for (const order of [
      ['3', '1', '2'],
      ['2', '3', '1'],
      ['1', '2', '3'],
    ]) {
      const crowd = new Members(
        Application.create(ID, ann, { name: 'a' }, CREATED),
        [
          Member.join('0', ID, ann, 'owner', CREATED),
          ...order.map((id) => Member.join(id, ID, person(`p${id}`), 'owner', CREATED)),
        ],
        [],
        MAX_MEMBERS,
      );
      crowd.remove(ann, ann, NOW);
      expect(crowd.application.owner).toEqual(person('p1'));
    }
  });

  it('goes on naming the owner when another owner leaves', () => {
    const pair = team(['ann', 'owner'], ['ben', 'owner']);
    pair.remove(ben, ann, NOW);
    expect(pair.application.owner).toEqual(ann);
  });

  it('goes on naming the owner whom others have been owners for longer than', () => {
    const crowd = team(['ben', 'owner'], ['ann', 'owner'], ['eve', 'viewer']);
    crowd.remove(eve, ann, NOW);
    takeIn(crowd, eve, 'admin', ben);
    expect(crowd.application.owner).toEqual(ann);
    expect(crowd.application.updatedAt).toBe(CREATED);
  });

  it('takes nobody out for somebody who is no member', () => {
    const pair = team(['ann', 'owner'], ['ben', 'admin']);
    expect(pair.remove(eve, ann, NOW)).toBe(false);
    expect(rolesOf(pair)).toEqual({ ann: 'owner', ben: 'admin' });
  });

  it('leaves a member unchanged who is given the role they have', () => {
    const pair = team(['ann', 'owner'], ['ben', 'admin']);
    expect(pair.assign(ben, 'admin', ann, NOW)).toMatchObject({ updatedAt: CREATED });
    expect(pair.assign(ben, 'viewer', ann, NOW)).toMatchObject({ updatedAt: NOW });
  });

  it('lets everybody leave, and only owners take others out', () => {
    const crowd = team(['ann', 'owner'], ['ben', 'admin'], ['eve', 'viewer']);
    expect(() => {
      crowd.remove(eve, ben, NOW);
    }).toThrow(expect.objectContaining({ code: 'insufficient_role' }));
    crowd.remove(eve, eve, NOW);
    crowd.remove(ben, ann, NOW);
    expect(rolesOf(crowd)).toEqual({ ann: 'owner' });
  });

  it('judges the caller by what they are now, not by what a guard saw', () => {
    expect(() => members.assign(eve, 'owner', eve, NOW)).toThrow(
      expect.objectContaining({ code: 'not_application_owner' }),
    );
    expect(() => {
      members.transfer(eve, eve, NOW);
    }).toThrow(expect.objectContaining({ code: 'not_application_owner' }));
  });

  describe('on a transfer', () => {
    it('names the new owner who accepts, and leaves the old one an admin', () => {
      const offer = members.transfer(ben, ann, NOW);
      expect(members.application.owner).toEqual(ann);
      members.accept(offer.id, ben, NOW);
      expect(members.application.owner).toEqual(ben);
      expect(rolesOf(members)).toEqual({ ann: 'admin', ben: 'owner' });
    });

    it('by a further owner leaves the others what they are', () => {
      const crowd = team(['ann', 'owner'], ['ben', 'owner'], ['eve', 'viewer']);
      handOver(crowd, eve, ben);
      expect(crowd.application.owner).toEqual(eve);
      expect(rolesOf(crowd)).toEqual({ ann: 'owner', ben: 'admin', eve: 'owner' });
    });

    it('to a further owner names them', () => {
      const pair = team(['ann', 'owner'], ['ben', 'owner']);
      handOver(pair, ben);
      expect(pair.application.owner).toEqual(ben);
      expect(rolesOf(pair)).toEqual({ ann: 'admin', ben: 'owner' });
    });

    it('to oneself is none', () => {
      expect(() => members.transfer(ann, ann, NOW)).toThrow(
        expect.objectContaining({ code: 'validation_failed' }),
      );
    });

    it('withdraws what its maker has offered to others', () => {
      const [first, second] = [members.transfer(ben, ann, NOW), members.transfer(eve, ann, NOW)];
      members.accept(second.id, eve, NOW);
      expect(members.offers).toEqual([]);
      expect(() => {
        members.accept(first.id, ben, NOW);
      }).toThrow(expect.objectContaining({ code: 'offer_not_found' }));
    });
  });

  it(`are ${MAX_MEMBERS} at most, open offers among them, who can still change roles`, () => {
    for (let i = 2; i < MAX_MEMBERS; i++) takeIn(members, person(`p${i}`), 'viewer');
    const last = members.assign(ben, 'viewer', ann, NOW) as Offer;
    const full = expect.objectContaining({ code: 'member_limit_reached' });
    expect(() => members.assign(eve, 'viewer', ann, NOW)).toThrow(full);
    expect(() => members.transfer(eve, ann, NOW)).toThrow(full);
    // The one who has a place may have another one, and so may a member.
    const other = members.assign(ben, 'admin', ann, NOW) as Offer;
    expect(other.id).not.toBe(last.id);
    members.assign(person('p2'), 'owner', ann, NOW);
    members.accept(other.id, ben, NOW);
    members.assign(person('p2'), 'admin', ann, NOW);
    expect(members.all).toHaveLength(MAX_MEMBERS);
  });

  it('have room again for others when an offer has run out', () => {
    const pair = new Members(
      Application.create(ID, ann, { name: 'a' }, CREATED),
      [Member.join('0', ID, ann, 'owner', CREATED)],
      [],
      2,
    );
    const late = pair.assign(ben, 'viewer', ann, NOW) as Offer;
    pair.assign(eve, 'viewer', ann, late.expiresAt);
    expect(() => pair.assign(ben, 'viewer', ann, late.expiresAt)).toThrow(
      expect.objectContaining({ code: 'member_limit_reached' }),
    );
  });
});
