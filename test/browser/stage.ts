import { expect } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Browser, Locator, Page } from 'playwright-core';
import request from 'supertest';
import { Client } from '../support/builders.js';
import { PASSWORD } from '../support/sign-in.js';
import { TestApp, type TestAppOptions } from '../support/test-app.js';
import { faultsOf, Person } from './browser.js';

/** A service with its dashboard, and people before it. */
export class Stage {
  readonly #people: Person[] = [];

  private constructor(
    readonly app: TestApp,
    private readonly browser: Browser,
  ) {}

  static async set(browser: Browser, options: TestAppOptions = {}): Promise<Stage> {
    return new Stage(await TestApp.start(options), browser);
  }

  get url(): string {
    return `http://127.0.0.1:${this.app.port}`;
  }

  /** Somebody whose browser has never been here. */
  async newPerson(): Promise<Person> {
    const person = await Person.with(this.browser, this.url);
    this.#people.push(person);
    return person;
  }

  /** Somebody who has an account, in a browser that is not signed in, and their client. */
  async newOwner(name = 'Ann Example'): Promise<{ person: Person; client: Client; email: string }> {
    const email = `${randomUUID()}@example.org`;
    const { body } = await request(this.app.http)
      .post('/auth/register')
      .send({ email, password: PASSWORD, name })
      .expect(201);
    return { person: await this.newPerson(), client: new Client(this.app, body), email };
  }

  /** What is found is told at the end of the test, with what else is. */
  async look(page: Page, name: string): Promise<void> {
    this.#people[0]?.faults.push(...(await faultsOf(page, name)));
  }

  /** Closes the windows of everybody. Expects that nothing went wrong in any of them. */
  async clear(): Promise<void> {
    const people = this.#people.splice(0);
    await Promise.all(people.map((person) => person.context.close()));
    expect(people.flatMap((person) => person.faults)).toEqual([]);
  }

  async strike(): Promise<void> {
    await this.app.stop();
  }
}

export async function signInAs(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Your account' }).waitFor();
}

export const dialog = (page: Page, name: string): Locator => page.getByRole('dialog', { name });

export async function choose(page: Page, menu: string, item: string): Promise<void> {
  await page.getByRole('button', { name: menu }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

/** Puts the focus on a control by Tab alone, from wherever it is. */
export async function tabTo(page: Page, control: Locator): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await control.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${String(control)}`);
}
