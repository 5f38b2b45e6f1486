import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

export class DeleteAccountDto {
  @ApiProperty({
    description: 'The password of the account, which confirms that its owner means it.',
    format: 'password',
    example: 'a long walk in the hills',
  })
  @IsString()
  @MaxLength(1000)
  password!: string;
}
